namespace Flotilla.Client.Streams;

/// <summary>
/// How a server reaches a node that accepts no connections. The node posts to <see cref="Control"/> and keeps reading: each
/// line of the answer is the number of a connection that the server wants, perhaps with a port after a space. For each the node
/// posts to <c>Control/NUMBER</c>, joins that request's two bodies with its own server, or with that port of its address, and so
/// carries one connection. All of it shares one HTTP/2 connection, which bounds, multiplexes and keeps alive.
/// </summary>
public static class TunnelPaths
{
    public const string Control = "/flotilla/v1/tunnel";

    /// <summary>Connections through one node's tunnel at once.</summary>
    public const int MostConnections = 256;
}
