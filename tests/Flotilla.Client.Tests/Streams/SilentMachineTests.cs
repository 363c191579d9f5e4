using System.Net;
using System.Net.Sockets;
using Flotilla.Client.Joining;
using Flotilla.Client.Streams;

namespace Flotilla.Client.Tests.Streams;

public sealed class SilentMachineTests
{
    [Fact]
    public async Task Connections_to_servers_are_watched_by_the_kernel()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var place = (IPEndPoint)listener.LocalEndpoint;
        await using var stream = (NetworkStream)await ServerList.ConnectAsync(new DnsEndPoint("127.0.0.1", place.Port), CancellationToken.None);
        var patience = new byte[sizeof(int)];
        stream.Socket.GetRawSocketOption(6, 18, patience);
        Assert.Equal(1300, BitConverter.ToInt32(patience));
        Assert.NotEqual(0, stream.Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(1, stream.Socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
    }

    [Theory]
    [InlineData(SocketError.TimedOut, true)]
    [InlineData(SocketError.HostUnreachable, true)]
    [InlineData(SocketError.ConnectionRefused, false)]
    [InlineData(SocketError.ConnectionReset, false)]
    public void What_the_kernel_says_tells_a_silent_machine_from_one_that_is_there(SocketError error, bool silent) =>
        Assert.Equal(silent, SilentMachine.Explains(new HttpRequestException("", new IOException("", new SocketException((int)error)))));

    [Fact]
    public void A_connection_that_came_to_nothing_is_silence_and_a_slow_answer_is_not()
    {
        Assert.True(SilentMachine.Explains(new HttpRequestException("", new TimeoutException())));
        Assert.False(SilentMachine.Explains(new TimeoutException()));
    }
}
