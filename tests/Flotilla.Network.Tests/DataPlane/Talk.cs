using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Servers that answer with their own name and the client's address, and clients that ask them.</summary>
internal static class Talk
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1.5);

    public static IDisposable Serve(NetNamespace where, string name, int port)
    {
        var tcp = Bound(ProtocolType.Tcp);
        tcp.Listen(64);
        var udp = Bound(ProtocolType.Udp);
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

        Socket Bound(ProtocolType protocol)
        {
            var socket = where.Socket(protocol, AddressFamily.InterNetworkV6);
            socket.DualMode = true;
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
            return socket;
        }
    }

    /// <summary>"name client-address", or "refused"; "silence" only after a time that no busy machine takes.</summary>
    public static Task<string> AskAsync(NetNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp) =>
        AskAsync(from, address, port, protocol, Patience);

    public static Task<string> AskAsync(Socket socket, string address, int port, byte[]? question = null) =>
        AskAsync(socket, address, port, question ?? "?"u8.ToArray(), Patience);

    /// <summary>For loops that ask again: "silence" after a moment.</summary>
    public static Task<string> AskBrieflyAsync(NetNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp) =>
        AskAsync(from, address, port, protocol, Moment);

    public static async Task AssertSilentAsync(NetNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp) =>
        Assert.Equal("silence", await AskBrieflyAsync(from, address, port, protocol));

    private static async Task<string> AskAsync(NetNamespace from, string address, int port, ProtocolType protocol, TimeSpan patience)
    {
        using var socket = from.Socket(protocol, IPAddress.Parse(address).AddressFamily);
        return await AskAsync(socket, address, port, "?"u8.ToArray(), patience);
    }

    private static async Task<string> AskAsync(Socket socket, string address, int port, byte[] question, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        var buffer = new byte[2000];
        try
        {
            if (!socket.Connected)
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), limit.Token);
            }

            await socket.SendAsync(question, limit.Token);
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
                var got = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0), stop);
                await socket.SendToAsync(Answer(name, got.RemoteEndPoint), got.RemoteEndPoint, stop);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            Assert.True(stop.IsCancellationRequested, error.Message);
        }
    }

    private static byte[] Answer(string name, EndPoint client) => Encoding.ASCII.GetBytes($"{name} {Plain(((IPEndPoint)client).Address)}");

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private sealed class Server(Action stop) : IDisposable
    {
        public void Dispose() => stop();
    }
}
