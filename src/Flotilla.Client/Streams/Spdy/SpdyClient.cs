using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Flotilla.Client.Streams.Spdy;

/// <summary>The client's side of the HTTP/1.1 upgrade to SPDY/3.1, for container runtimes: they know no windows.</summary>
public static class SpdyClient
{
    private const int LongestAnswer = 16 << 10;

    /// <summary>Connects to an <c>http</c> address and upgrades, speaking one of the given stream protocols.</summary>
    public static async Task<SpdyConnection> ConnectAsync(Uri address, IReadOnlyList<string> protocols, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
            return await UpgradeAsync(new NetworkStream(socket, ownsSocket: true), address, protocols, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">The server does not upgrade; the message is its answer.</exception>
    public static async Task<SpdyConnection> UpgradeAsync(
        Stream transport, Uri address, IReadOnlyList<string> protocols, CancellationToken cancellationToken)
    {
        var request = new StringBuilder().Append(CultureInfo.InvariantCulture, $"POST {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\n")
            .Append("Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n");
        foreach (var protocol in protocols)
        {
            request.Append(CultureInfo.InvariantCulture, $"X-Stream-Protocol-Version: {protocol}\r\n");
        }
        await transport.WriteAsync(Encoding.ASCII.GetBytes(request.Append("\r\n").ToString()), cancellationToken);
        var answer = await ReadHeadAsync(transport, cancellationToken);
        var line = answer.Split("\r\n")[0];
        if (line.Split(' ') is not [_, "101", ..])
        {
            var body = new byte[LongestAnswer];
            var count = await transport.ReadAsync(body, cancellationToken);
            throw new IOException($"unable to upgrade connection: {line}: {Encoding.UTF8.GetString(body, 0, count).Trim()}");
        }
        return new SpdyConnection(transport, isServer: false, updatesWindows: false);
    }

    // Byte by byte: what follows the head belongs to SPDY.
    private static async Task<string> ReadHeadAsync(Stream transport, CancellationToken cancellationToken)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < LongestAnswer)
        {
            await transport.ReadExactlyAsync(one, cancellationToken);
            head.Add(one[0]);
            if (head.Count >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n')
            {
                return Encoding.ASCII.GetString([.. head]);
            }
        }
        throw new IOException("the answer to the upgrade is too long");
    }
}
