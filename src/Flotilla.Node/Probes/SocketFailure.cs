using System.Net.Sockets;

namespace Flotilla.Node.Probes;

/// <summary>Connection failures in the words that users of Kubernetes know.</summary>
internal static class SocketFailure
{
    public static string Describe(SocketException failure, string address) => failure.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"dial tcp {address}: connect: connection refused",
        SocketError.HostUnreachable => $"dial tcp {address}: connect: no route to host",
        SocketError.NetworkUnreachable => $"dial tcp {address}: connect: network is unreachable",
        SocketError.ConnectionReset => $"read tcp {address}: read: connection reset by peer",
        SocketError.HostNotFound => $"dial tcp: lookup {address.Split(':')[0]}: no such host",
        _ => $"dial tcp {address}: {failure.Message}",
    };
}
