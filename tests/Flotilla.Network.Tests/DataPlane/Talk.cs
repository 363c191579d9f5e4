using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Servers that answer with their own name and the client's address, and clients that ask them.</summary>
internal static class Talk
{
    public static IDisposable Serve(NetNamespace where, string name, int port)
    {
        var tcp = where.Socket(ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Any, port));
        tcp.Listen(64);
        var udp = where.Socket(ProtocolType.Udp);
        udp.Bind(new IPEndPoint(IPAddress.Any, port));
        var stop = new CancellationTokenSource();
        var running = Task.WhenAll(ServeTcpAsync(tcp, name, stop.Token), ServeUdpAsync(udp, name, stop.Token));
        return new Server(() =>
        {
            stop.Cancel();
            tcp.Dispose();
            udp.Dispose();
            stop.Dispose();
            GC.KeepAlive(running);
        });
    }

    /// <summary>"name client-address", or "refused", or "silence".</summary>
    public static async Task<string> AskAsync(NetNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp)
    {
        using var socket = from.Socket(protocol);
        return await AskAsync(socket, address, port);
    }

    public static async Task<string> AskAsync(Socket socket, string address, int port, byte[]? question = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1.5));
        var buffer = new byte[2000];
        try
        {
            if (!socket.Connected)
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), limit.Token);
            }

            await socket.SendAsync(question ?? "?"u8.ToArray(), limit.Token);
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
        }
        catch (OperationCanceledException)
        {
            return "silence";
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return "refused";
        }
    }

    private static async Task ServeTcpAsync(Socket socket, string name, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var client = await socket.AcceptAsync(stop);
                await client.SendAsync(Answer(name, client.RemoteEndPoint!), stop);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            Assert.True(stop.IsCancellationRequested, error.Message);
        }
    }

    private static async Task ServeUdpAsync(Socket socket, string name, CancellationToken stop)
    {
        var buffer = new byte[2000];
        try
        {
            while (true)
            {
                var got = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), stop);
                await socket.SendToAsync(Answer(name, got.RemoteEndPoint), got.RemoteEndPoint, stop);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            Assert.True(stop.IsCancellationRequested, error.Message);
        }
    }

    private static byte[] Answer(string name, EndPoint client) => Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)client).Address}");

    private sealed class Server(Action stop) : IDisposable
    {
        public void Dispose() => stop();
    }
}
