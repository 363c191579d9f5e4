namespace Flotilla.Client.Streams;

/// <summary>Paths of the nodes' own servers beside those of Kubernetes.</summary>
public static class NodePaths
{
    /// <summary>A WebSocket is a connection to the node's Docker API: see <see cref="HalfClosingSocket"/>.</summary>
    public const string Docker = "/docker";
}
