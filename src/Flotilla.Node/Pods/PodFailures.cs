namespace Flotilla.Node.Pods;

/// <summary>Why a node ends a pod, as its status says it.</summary>
internal static class PodFailures
{
    /// <summary>The node was short of something, or the pod kept more than it may.</summary>
    public const string Evicted = "Evicted";

    /// <summary>A critical pod needed its place.</summary>
    public const string Preempting = "Preempting";

    /// <summary>The machine goes down.</summary>
    public const string Terminated = "Terminated";

    public const string DeadlineExceeded = "DeadlineExceeded";
}
