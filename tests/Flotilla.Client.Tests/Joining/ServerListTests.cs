using System.Net;
using System.Net.Sockets;
using Flotilla.Client.Joining;

namespace Flotilla.Client.Tests.Joining;

public sealed class ServerListTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fltservers").FullName;

    private string File => Path.Combine(directory, "servers");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("https://[fd77::2]:6443", "fd77::2")]
    [InlineData("https://10.0.0.1:6443", "10.0.0.1")]
    [InlineData("https://manager:6443", "manager")]
    public void A_server_is_met_where_its_URL_says(string url, string host)
    {
        var server = ServerList.EndPointOf(new Uri(url));
        Assert.Equal(host, server.Host);
        Assert.Equal(url, $"https://{ServerList.Text(server)}");
        Assert.Equal(server, ServerList.Parse(ServerList.Text(server)));
    }

    [Fact]
    public void What_was_learned_is_known_after_a_restart_and_what_was_told_always()
    {
        var told = new DnsEndPoint("first", 6443);
        var list = new ServerList([told], File);
        list.Learn([new DnsEndPoint("10.0.0.2", 6443), new DnsEndPoint("10.0.0.1", 6443)]);
        list.Learn([]);

        Assert.Equal([told, new DnsEndPoint("10.0.0.1", 6443), new DnsEndPoint("10.0.0.2", 6443)], new ServerList([told], File).All);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_passed_over_and_the_one_that_answered_is_kept()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var alive = new DnsEndPoint("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        var list = new ServerList([new DnsEndPoint("127.0.0.1", Unused()), alive], File);
        for (var i = 0; i < 2; i++)
        {
            await using var connection = await list.ConnectAsync(CancellationToken.None);
            using var accepted = await listener.AcceptTcpClientAsync();
            Assert.True(accepted.Connected);
        }
    }

    [Fact]
    public async Task One_that_answered_and_is_doubted_comes_after_the_others()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        Array.ForEach([first, second], listener => listener.Start());
        var list = new ServerList(((TcpListener[])[first, second]).Select(listener => new DnsEndPoint("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port)), File);
        foreach (var expected in (TcpListener[])[first, second, first])
        {
            await using var connection = await list.ConnectAsync(CancellationToken.None);
            using var accepted = await expected.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(60));
            list.Doubt();
        }
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_not_waited_for_alone()
    {
        // One connection fills its backlog, and further ones hear nothing, as of a machine that is off.
        using var silent = new Socket(SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(0);
        using var first = new TcpClient();
        await first.ConnectAsync((IPEndPoint)silent.LocalEndPoint!);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var (mute, alive) = (EndPointOf(silent.LocalEndPoint), EndPointOf(listener.LocalEndpoint));
        var list = new ServerList([mute, alive], File);
        await using var connection = await list.ConnectAsync(CancellationToken.None);
        using var accepted = await listener.AcceptTcpClientAsync();
        Assert.True(accepted.Connected);
    }

    [Fact]
    public async Task When_none_answers_all_are_named()
    {
        var list = new ServerList([new DnsEndPoint("127.0.0.1", Unused())], File);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(async () => await list.ConnectAsync(CancellationToken.None));
        Assert.Equal($"no server answers at {ServerList.Text(list.All[0])}", failure.Message);
    }

    private static DnsEndPoint EndPointOf(EndPoint? place) => new("127.0.0.1", ((IPEndPoint)place!).Port);

    private static int Unused()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
