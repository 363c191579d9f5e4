using System.Net.Sockets;
using System.Security.Authentication;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>What went wrong on the network, in the words clients of the API know from Go.</summary>
internal static class GoNetworkErrors
{
    public const string DeadlineExceeded = "context deadline exceeded";

    public static string Explain(string authority, Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case WebhookCallException known:
                    return known.Message;
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return $"dial tcp: lookup {authority.Split(':')[0]}: no such host";
                case SocketException { SocketErrorCode: SocketError.ConnectionReset }:
                    return "read: connection reset by peer";
                case SocketException socket:
                    return Dial(authority, socket);
                case AuthenticationException trust:
                    return $"tls: failed to verify certificate: x509: {Distrust(trust.Message)}";
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                    return "EOF";
            }
        }

        return error.Message;
    }

    public static string Dial(string address, SocketException error) => $"dial tcp {address}: connect: " + error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network is unreachable",
        SocketError.TimedOut => "connection timed out",
        _ => error.Message,
    };

    private static string Distrust(string message) =>
        message.Contains("NameMismatch", StringComparison.Ordinal) ? "certificate is not valid for any names, or is valid for other names"
        : message.Contains("NotTimeValid", StringComparison.Ordinal) ? "certificate has expired or is not yet valid"
        : "certificate signed by unknown authority";
}
