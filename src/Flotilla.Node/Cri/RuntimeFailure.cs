using System.Net.Sockets;
using Flotilla.Linux.Cri;
using Grpc.Core;

namespace Flotilla.Node.Cri;

/// <summary>Why a container runtime does not answer, in words for the one who named its socket.</summary>
internal static class RuntimeFailure
{
    public static string Describe(RpcException failure, string socketPath)
    {
        if (!Path.Exists(socketPath))
        {
            return "there is no such socket";
        }
        return SocketError(failure.Status.DebugException) switch
        {
            System.Net.Sockets.SocketError.ConnectionRefused => "nobody listens there",
            System.Net.Sockets.SocketError.AccessDenied => "permission denied",
            // It hung up on what it did not understand.
            System.Net.Sockets.SocketError.ConnectionReset or System.Net.Sockets.SocketError.ConnectionAborted or System.Net.Sockets.SocketError.Shutdown => "it does not speak gRPC",
            System.Net.Sockets.SocketError => "it is no socket that listens",
            null when failure.StatusCode == StatusCode.Unimplemented => "it does not serve the container runtime interface (CRI) v1",
            null when failure.StatusCode == StatusCode.DeadlineExceeded => "it takes connections but says nothing",
            _ => "it does not speak gRPC",
        };
    }

    private static SocketError? SocketError(Exception? failure) =>
        failure is SocketException socket ? socket.SocketErrorCode
        : failure is null ? null
        : SocketError(failure.InnerException);
}
