using System.Net;
using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Network.LoadBalancers;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Addresses of a pool, from the service's status to packets of a neighbour. Needs root.</summary>
public sealed class LoadBalancerTests(Machine machine) : IClassFixture<Machine>
{
    private const string Address = "192.168.77.100";

    [Fact]
    public async Task A_neighbour_reaches_an_address_while_this_node_answers_for_it_and_nothing_but_the_service_is_there()
    {
        await using var store = new MemoryStore();
        var client = new StoreClient(store, TimeProvider.System);
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        var told = new Told();
        using var holder = new AddressHolder(
            Machine.Options with { BalancerName = "fltnet-lb" }, informers, machine.Node.Commands, told, TimeProvider.System, NullLogger<AddressHolder>.Instance);
        await informers.StartAsync(default);
        await holder.StartAsync(default);
        var service = Balanced();
        await machine.ApplyAsync([service], [Given.Slice("web", 8080, "10.244.0.6")]);
        using var server = Talk.Serve(machine.Node, "node", 8081);
        await client.CreateAsync(service, default);

        await UntilAsync(Address, "b 10.244.0.1", 80);
        Assert.Contains(IPAddress.Parse(Address), told.Addresses);
        Assert.Equal("b 10.244.0.1", await Talk.AskAsync(machine.A, Address, 80));
        Assert.Equal("node 192.168.77.2", await Talk.AskAsync(machine.Outside, "192.168.77.1", 8081));
        Assert.Equal("refused", await Talk.AskAsync(machine.Outside, Address, 8081));
        Assert.Equal("refused", await Talk.AskAsync(machine.Outside, Address, 30080));

        await machine.Outside.IpAsync("route replace default via 192.168.77.1");
        await machine.ApplyAsync([Balanced(one => one.Spec.ExternalTrafficPolicy = "Local")], [Given.Slice("web", 8080, "10.244.0.6")]);
        Assert.Equal("b 192.168.77.2", await Talk.AskAsync(machine.Outside, Address, 80));
        await machine.ApplyAsync([Balanced(one => one.Spec.LoadBalancerSourceRanges = ["10.0.0.0/8", "fd00::/8"])], [Given.Slice("web", 8080, "10.244.0.6")]);
        await Talk.AssertSilentAsync(machine.Outside, Address, 80);

        // The servers lost this node, and another one says that it has the address.
        // It is heard once this one has told often enough itself.
        using (told.Repeat("192.168.77.99", Address))
        {
            await UntilGoneAsync();
        }

        var back = await client.GetAsync<V1Service>(new ObjectKey("default", "web"), default);
        back.Metadata.Labels = new Dictionary<string, string> { ["it"] = "is still this node's" };
        await client.UpdateAsync(back, default);
        await UntilThereAsync();

        var moved = await client.GetAsync<V1Service>(new ObjectKey("default", "web"), default);
        moved.Metadata.Annotations = new Dictionary<string, string> { [LoadBalancing.NodeAnnotation] = "node-2" };
        await client.UpdateAsync(moved, default);
        await UntilGoneAsync();
        await holder.StopAsync(default);
        await informers.StopAsync(default);
    }

    [Fact]
    public async Task A_neighbour_finds_an_address_of_IPv6_although_it_is_on_another_device()
    {
        const string address = "fd00:77::100";
        await using var store = new MemoryStore();
        var client = new StoreClient(store, TimeProvider.System);
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        var options = Machine.Options with { BalancerName = "fltnet-lb6" };
        using var holder = new AddressHolder(options, informers, machine.Node.Commands, new Told(), TimeProvider.System, NullLogger<AddressHolder>.Instance);
        await informers.StartAsync(default);
        await holder.StartAsync(default);
        var service = Balanced(one =>
        {
            (one.Metadata.Name, one.Spec.ClusterIP, one.Spec.ClusterIPs, one.Spec.IpFamilies) = ("web6", Plan.V6.Web, [Plan.V6.Web], ["IPv6"]);
            one.Status.LoadBalancer.Ingress[0].Ip = address;
        });
        await machine.ApplyAsync([service], [Given.Slice("web6", 8080, Plan.V6.B)]);
        await client.CreateAsync(service, default);

        await UntilAsync(address, $"b {Plan.V6.Gateway}", 80);
        Assert.Contains(address, await ProxiesAsync(), StringComparison.Ordinal);
        await client.DeleteAsync<V1Service>(new ObjectKey("default", "web6"), null, default);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await ProxiesAsync()).Contains(address, StringComparison.Ordinal))
        {
            await Task.Delay(10, limit.Token);
        }

        await holder.StopAsync(default);
        await informers.StopAsync(default);

        Task<string> ProxiesAsync() => machine.Node.Commands.DoAsync("ip", ["-6", "neigh", "show", "proxy"], default);
    }

    private static V1Service Balanced(Action<V1Service>? with = null) => Given.Service(
        "web",
        "10.96.0.7",
        service =>
        {
            service.Spec.Type = "LoadBalancer";
            service.Metadata.Annotations = new Dictionary<string, string> { [LoadBalancing.NodeAnnotation] = Given.Node };
            service.Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = Address, IpMode = "VIP" }] } };
            with?.Invoke(service);
        },
        Given.Port(80, nodePort: 30080));

    private async Task UntilAsync(string address, string expected, int port)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await AskAsync(address, port) is var answer && answer != expected)
        {
            Assert.False(limit.IsCancellationRequested, answer);
        }
    }

    private async Task<string> AskAsync(string address, int port)
    {
        try
        {
            return await Talk.AskBrieflyAsync(machine.Outside, address, port);
        }
        catch (System.Net.Sockets.SocketException unreachable)
        {
            return unreachable.Message;
        }
    }

    private Task UntilGoneAsync() => UntilAsync(isThere: false);

    private Task UntilThereAsync() => UntilAsync(isThere: true);

    private async Task UntilAsync(bool isThere)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await machine.Node.Commands.DoAsync("ip", ["addr", "show"], default)).Contains(Address, StringComparison.Ordinal) != isThere)
        {
            Assert.False(limit.IsCancellationRequested, $"the address is {(isThere ? "not" : "still")} there");
            await Task.Delay(10);
        }
    }

    private sealed class Told : INeighbours
    {
        private readonly Channel<IPAddress> claims = Channel.CreateBounded<IPAddress>(4);

        public HashSet<IPAddress> Addresses { get; } = [];

        public void Tell(IPAddress address) => Addresses.Add(address);

        public string? LinkOf(IPAddress address) => "uplink";

        public IAsyncEnumerable<IPAddress> ClaimsAsync(CancellationToken cancellationToken) => claims.Reader.ReadAllAsync(cancellationToken);

        /// <summary>Others claim these, again and again.</summary>
        public IDisposable Repeat(params string[] addresses) =>
            new Timer(_ => Array.ForEach(addresses, address => claims.Writer.TryWrite(IPAddress.Parse(address))), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
    }
}
