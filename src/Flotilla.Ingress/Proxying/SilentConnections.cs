using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Flotilla.Ingress.Proxying;

/// <summary>
/// Ends connections to pods whose node vanished without a word, so that requests need not wait until everybody knows. What was
/// sent and is not acknowledged tells it: a pod that only reads slowly acknowledges. One timer looks, while there are connections.
/// </summary>
internal sealed class SilentConnections : IDisposable
{
    private const int Tcp = 6;
    private const int TcpInfo = 11;
    private const int InfoBytes = 28;
    private const int MostRemembered = 4096;

    // The third comes 1.4 seconds after what was sent, on a network of short ways.
    private const int RepetitionsOfTheLost = 3;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<Socket, string> open = new();
    private readonly ConcurrentDictionary<string, bool> silent = new(StringComparer.Ordinal);
    private readonly ITimer timer;

    public SilentConnections(TimeProvider time) => timer = time.CreateTimer(_ => Look(), null, Every, Every);

    /// <param name="endpoint">As <see cref="Backends.Destination.Endpoint"/> has it.</param>
    public void Watch(Socket socket, string endpoint)
    {
        // Of requests whose answer is long in coming, with nothing to acknowledge.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 2);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 2);
        open[socket] = endpoint;
    }

    /// <summary>Whether a connection to it was ended since this was asked last.</summary>
    public bool FellSilent(string endpoint) => silent.TryRemove(endpoint, out _);

    public void Dispose() => timer.Dispose();

    /// <param name="info">The beginning of Linux's <c>tcp_info</c>.</param>
    internal static bool IsLost(ReadOnlySpan<byte> info) => info[2] >= RepetitionsOfTheLost && BinaryPrimitives.ReadUInt32LittleEndian(info[24..]) > 0;

    private void Look()
    {
        Span<byte> info = stackalloc byte[InfoBytes];
        foreach (var (socket, endpoint) in open)
        {
            try
            {
                if (socket.GetRawSocketOption(Tcp, TcpInfo, info) < InfoBytes || !IsLost(info))
                {
                    continue;
                }

                if (silent.Count < MostRemembered)
                {
                    silent[endpoint] = true;
                }

                socket.Dispose();
            }
            catch (Exception closed) when (closed is ObjectDisposedException or SocketException)
            {
                // By its owner, who is done with it.
            }

            open.TryRemove(socket, out _);
        }
    }
}
