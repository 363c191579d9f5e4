using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Flotilla.Network.Dns;

/// <summary>
/// Passes questions about the rest of the world to resolvers, one after the other, within a bounded
/// time. Every question goes out from a port and with an id of its own, so that answers cannot easily be forged.
/// </summary>
public sealed class Forwarder(Func<string, CancellationToken, Task<IReadOnlyList<IPEndPoint>>> upstreams, TimeProvider time)
{
    private static readonly TimeSpan PerServer = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan InAll = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Shun = TimeSpan.FromSeconds(10);
    private const int MaxUdpMessage = 4096;
    private const int MaxAtOnce = 512;

    private readonly SemaphoreSlim atOnce = new(MaxAtOnce);
    private readonly Dictionary<IPEndPoint, DateTimeOffset> silentUntil = [];

    /// <param name="name">What is asked for: different domains may have different resolvers.</param>
    /// <summary>The answer with the question's id, or null when nobody answered in time.</summary>
    public async Task<byte[]?> AskAsync(string name, ReadOnlyMemory<byte> question, bool overTcp, CancellationToken cancellationToken)
    {
        if (!await atOnce.WaitAsync(0, cancellationToken))
        {
            return null;
        }

        using var deadline = new CancellationTokenSource(InAll, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            foreach (var server in InOrder(await upstreams(name, either.Token)))
            {
                if (await TryAsync(server, question, overTcp, either.Token) is { } answer)
                {
                    return answer;
                }
            }

            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            atOnce.Release();
        }
    }

    /// <summary>Servers that were silent a moment ago come last.</summary>
    private List<IPEndPoint> InOrder(IReadOnlyList<IPEndPoint> servers)
    {
        var now = time.GetUtcNow();
        lock (silentUntil)
        {
            return [.. servers.OrderBy(server => silentUntil.TryGetValue(server, out var until) && until > now)];
        }
    }

    private async Task<byte[]?> TryAsync(IPEndPoint server, ReadOnlyMemory<byte> question, bool overTcp, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(PerServer, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return overTcp
                ? await AskTcpAsync(server, question, either.Token)
                : await AskUdpAsync(server, question, either.Token);
        }
        catch (Exception error) when (error is SocketException or IOException
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            lock (silentUntil)
            {
                silentUntil[server] = time.GetUtcNow() + Shun;
            }

            return null;
        }
    }

    private static async Task<byte[]> AskUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        var sent = question.ToArray();
        var id = (ushort)System.Security.Cryptography.RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        BinaryPrimitives.WriteUInt16BigEndian(sent, id);
        await socket.SendAsync(sent, cancellationToken);
        var buffer = new byte[MaxUdpMessage];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            if (length >= DnsQuery.HeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(buffer) == id && (buffer[2] & 0x80) != 0)
            {
                question.Span[..2].CopyTo(buffer);
                return buffer[..length];
            }
        }
    }

    private static async Task<byte[]> AskTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        await TcpFraming.WriteAsync(stream, question, cancellationToken);
        return await TcpFraming.ReadAsync(stream, cancellationToken) ?? throw new IOException("The resolver closed the connection.");
    }
}
