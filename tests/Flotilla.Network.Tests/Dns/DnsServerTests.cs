using System.Net;
using System.Net.Sockets;
using Flotilla.Network.Dns;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.Dns;

/// <summary>Real sockets on the loopback: a server in front, and a server playing the machine's resolver.</summary>
public sealed class DnsServerTests : IAsyncLifetime
{
    private readonly List<IPEndPoint> upstreams = [];
    private readonly List<DnsServer> servers = [];
    private IPEndPoint server = null!;

    public async ValueTask InitializeAsync()
    {
        var world = new ClusterZone("world", new ListDirectory([Given.Service("site", "203.0.113.5")], []));
        var inside = new ClusterZone("cluster.local", new ListDirectory(
            [
                Given.Service("web", "10.96.0.7"),
                Given.Service("big", null),
                Given.Service("alias", "", service => (service.Spec.Type, service.Spec.ExternalName) = ("ExternalName", "site.default.svc.world")),
                Given.Service("local-alias", "", service => (service.Spec.Type, service.Spec.ExternalName) = ("ExternalName", "web.default.svc.cluster.local")),
                Given.Service("loop", "", service => (service.Spec.Type, service.Spec.ExternalName) = ("ExternalName", "loop.default.svc.cluster.local")),
            ],
            [Given.Slice("big", 80, [.. Enumerable.Range(1, 200).Select(i => $"10.244.0.{i}")])]));
        upstreams.Add(await StartAsync(world, []));
        server = await StartAsync(inside, upstreams);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in servers)
        {
            await one.StopAsync(default);
            one.Dispose();
        }
    }

    [Fact]
    public async Task Cluster_names_are_answered() =>
        Assert.Equal(["10.96.0.7"], await LookUpAsync("web.default.svc.cluster.local"));

    [Fact]
    public async Task A_server_of_IPv6_answers_over_UDP_and_TCP()
    {
        var zone = new ClusterZone("cluster.local", new ListDirectory([Given.Service("web", "10.96.0.7")], []));
        server = await StartAsync(zone, [], IPAddress.IPv6Loopback);

        Assert.Equal(["10.96.0.7"], await LookUpAsync("web.default.svc.cluster.local"));
        Assert.Single(DnsMessages.Answers(await AskTcpAsync(DnsMessages.Question("web.default.svc.cluster.local", RecordType.A, 99))));
    }

    [Fact]
    public async Task Other_names_are_forwarded() =>
        Assert.Equal(["203.0.113.5"], await LookUpAsync("site.default.svc.world"));

    [Fact]
    public async Task An_external_name_brings_its_addresses_along()
    {
        Assert.Equal(["CName", "203.0.113.5"], await LookUpAsync("alias.default.svc.cluster.local"));
        Assert.Equal(["CName", "10.96.0.7"], await LookUpAsync("local-alias.default.svc.cluster.local"));
    }

    [Fact]
    public async Task An_alias_of_itself_ends() =>
        Assert.All(await LookUpAsync("loop.default.svc.cluster.local"), one => Assert.Equal("CName", one));

    [Fact]
    public async Task A_silent_resolver_is_passed_over_and_without_any_there_is_an_error()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        upstreams.Insert(0, (IPEndPoint)silent.LocalEndPoint!);
        Assert.Equal(["203.0.113.5"], await LookUpAsync("site.default.svc.world"));

        // What was answered once is known for a while.
        upstreams.Clear();
        Assert.Equal(["203.0.113.5"], await LookUpAsync("site.default.svc.world"));
        var answer = await AskUdpAsync(DnsMessages.Question("other.default.svc.world", RecordType.A));
        Assert.Equal(ResponseCode.ServerFailure, DnsMessages.Code(answer));
    }

    [Fact]
    public async Task Large_answers_are_truncated_over_udp_and_whole_over_tcp()
    {
        var question = DnsMessages.Question("big.default.svc.cluster.local", RecordType.A);

        Assert.True(DnsMessages.IsTruncated(await AskUdpAsync(question)));
        Assert.Equal(200, DnsMessages.Answers(await AskTcpAsync(question)).Count);
    }

    [Fact]
    public async Task Forwarding_works_over_tcp_too() =>
        Assert.Single(DnsMessages.Answers(await AskTcpAsync(DnsMessages.Question("site.default.svc.world", RecordType.A))));

    [Fact]
    public async Task Unknown_operations_are_not_implemented()
    {
        var notify = DnsMessages.Question("web.default.svc.cluster.local", RecordType.A);
        notify[2] = 0x20;

        Assert.Equal(ResponseCode.NotImplemented, DnsMessages.Code(await AskUdpAsync(notify)));
    }

    private async Task<IPEndPoint> StartAsync(ClusterZone zone, List<IPEndPoint> next, IPAddress? address = null)
    {
        var forwarder = new Forwarder((_, _) => Task.FromResult<IReadOnlyList<IPEndPoint>>([.. next]), TimeProvider.System);
        var one = new DnsServer(new IPEndPoint(address ?? IPAddress.Loopback, 0), new Resolver(zone, forwarder, new AnswerCache(TimeProvider.System)), TimeProvider.System, NullLogger.Instance);
        servers.Add(one);
        await one.StartAsync(default);

        // The port that UDP was given may be somebody's on TCP; then the server tries again after 5 s.
        return await one.Listening.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private async Task<string[]> LookUpAsync(string name) =>
        [.. DnsMessages.Answers(await AskUdpAsync(DnsMessages.Question(name, RecordType.A, 99)))
            .Select(record => record.Type == RecordType.A ? new IPAddress(record.Data).ToString() : record.Type.ToString())];

    private async Task<byte[]> AskUdpAsync(byte[] question)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(6));
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, limit.Token);
        await socket.SendAsync(question, limit.Token);
        var buffer = new byte[4096];
        var answer = buffer[..await socket.ReceiveAsync(buffer, limit.Token)];
        Assert.Equal(question[..2], answer[..2]);
        return answer;
    }

    private async Task<byte[]> AskTcpAsync(byte[] question)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(6));
        using var client = new TcpClient(server.AddressFamily);
        await client.ConnectAsync(server, limit.Token);
        await TcpFraming.WriteAsync(client.GetStream(), question, limit.Token);
        return (await TcpFraming.ReadAsync(client.GetStream(), limit.Token))!;
    }
}
