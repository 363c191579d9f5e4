using System.Net;
using System.Net.Sockets;
using Flotilla.Client;

namespace Flotilla.Client.Tests.Http;

public sealed class LostConnectionHandlerTests
{
    [Fact]
    public async Task A_connection_that_its_peer_ends_while_it_is_made_is_one_that_could_not_be_made()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var handler = new LostConnectionHandler(new SocketsHttpHandler { ConnectCallback = (_, cancellationToken) => ConnectAsync(listener, cancellationToken) });
        using var http = new HttpClient(handler);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("http://server/"), TestContext.Current.CancellationToken));

        Assert.Equal(HttpRequestError.ConnectionError, failure.HttpRequestError);
        Assert.Equal(SocketError.NotConnected, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    }

    /// <summary>The stream of a socket whose peer has reset it, which the socket has not been told.</summary>
    private static async ValueTask<Stream> ConnectAsync(TcpListener listener, CancellationToken cancellationToken)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndpoint, cancellationToken);
        using (var accepted = await listener.AcceptSocketAsync(cancellationToken))
        {
            accepted.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        while (!client.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return new NetworkStream(client, ownsSocket: true);
    }
}
