namespace Flotilla.Client.Streams;

/// <summary>Paths of the nodes' own servers beside those of Kubernetes.</summary>
public static class NodePaths
{
    /// <summary>A WebSocket is a connection to the node's Docker API: see <see cref="HalfClosingSocket"/>.</summary>
    public const string Docker = Own + "docker";

    /// <summary>What lies below is for the API server itself: not even the node's proxy leads there.</summary>
    public const string Own = "/flotilla.dev/";
}
