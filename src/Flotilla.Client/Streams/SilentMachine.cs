using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Flotilla.Client.Streams;

/// <summary>
/// A machine that vanished without a word. The kernels find it out: one that is only busy still acknowledges what it gets, so
/// that its connections stay.
/// </summary>
public static class SilentMachine
{
    private const int Tcp = 6;
    private const int UserTimeout = 18;
    private const int SilenceMilliseconds = 1300;

    /// <summary>The connection ends within two seconds of the other machine's silence, whether something is under way or not.</summary>
    public static void Notice(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetRawSocketOption(Tcp, UserTimeout, MemoryMarshal.AsBytes<int>([SilenceMilliseconds]));
    }

    /// <summary>Whether the machine's kernel answers in time, be it by a refusal: what runs there may be busy.</summary>
    /// <exception cref="OperationCanceledException">Of the token.</exception>
    public static async Task<bool> AnswersAsync(string address, int port, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(patience);
        try
        {
            await socket.ConnectAsync(address, port, bounded.Token);
            return true;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode is not (SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Whether a request failed for that. One that took too long for a machine that is there did not.</summary>
    public static bool Explains(Exception failure)
    {
        for (var cause = failure is HttpRequestException or IOException ? failure : null; cause is not null; cause = cause.InnerException)
        {
            if (cause is TimeoutException or SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable })
            {
                return true;
            }
        }

        return false;
    }
}
