using System.Net.Sockets;
using System.Text;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>Opens a SPDY session with the runtime's streaming server, at the address that an Exec or Attach call answered.</summary>
internal static class SpdyUpgrade
{
    private const string Protocol = "v4.channel.k8s.io";
    private const int MaxHeadBytes = 16 << 10;

    public static async Task<SpdySession> OpenAsync(Uri address, CancellationToken cancellationToken)
    {
        var stream = await ConnectAsync(address, cancellationToken);
        try
        {
            var request = $"POST {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                + $"X-Stream-Protocol-Version: {Protocol}\r\nContent-Length: 0\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
            var head = await ReadHeadAsync(stream, cancellationToken);
            if (!head.StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
            {
                throw new IOException($"The container runtime refused the stream: {head.Split("\r\n")[0]}");
            }
            return new SpdySession(stream, isServer: false);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<NetworkStream> ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Byte by byte: what follows the head belongs to the session.
    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < MaxHeadBytes)
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            head.Add(one[0]);
            if (head is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
            {
                return Encoding.ASCII.GetString([.. head]);
            }
        }
        throw new IOException("The container runtime's answer is too long.");
    }
}
