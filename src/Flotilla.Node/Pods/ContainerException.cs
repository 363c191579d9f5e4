namespace Flotilla.Node.Pods;

/// <summary>Given resources that cannot be set now.</summary>
internal sealed class ResizeException(string message) : Exception(message);

/// <summary>Why a container cannot run now: the reason and message of its waiting state.</summary>
internal sealed class ContainerException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;

    /// <summary>What the pod's Failed event says after "Error: ".</summary>
    public string EventMessage { get; init; } = message;

    /// <summary>Whether the pod's events already tell it.</summary>
    public bool IsReported { get; init; }

    /// <summary>null: the usual wait.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
