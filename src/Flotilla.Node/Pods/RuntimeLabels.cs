using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>How sandboxes and containers say whose they are: the names that every tool of the CRI world knows.</summary>
internal static class RuntimeLabels
{
    public const string PodName = "io.kubernetes.pod.name";
    public const string PodNamespace = "io.kubernetes.pod.namespace";
    public const string PodUid = "io.kubernetes.pod.uid";
    public const string ContainerName = "io.kubernetes.container.name";
    public const string RestartCount = "io.kubernetes.container.restartCount";
    public const string Hash = "io.kubernetes.container.hash";
    public const string Resources = "io.kubernetes.container.resources";
    public const string TerminationMessagePath = "io.kubernetes.container.terminationMessagePath";
    public const string TerminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy";
    public const string PreStop = "io.kubernetes.container.preStopHandler";
    public const string Priority = "io.kubernetes.pod.priority";
    public const string GracePeriod = "io.kubernetes.pod.terminationGracePeriod";

    public static Dictionary<string, string> Of(V1Pod pod) => new(StringComparer.Ordinal)
    {
        [PodName] = pod.Metadata.Name,
        [PodNamespace] = pod.Metadata.NamespaceProperty,
        [PodUid] = pod.Metadata.Uid,
    };
}
