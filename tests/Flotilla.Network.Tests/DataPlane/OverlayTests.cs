using System.Net;
using System.Net.Sockets;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Linux.Commands;
using Flotilla.Network.Cni;
using Flotilla.Network.Overlay;
using Flotilla.Network.Services;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Two nodes on one link, each a network namespace with a pod: packets between them. Needs root.</summary>
public sealed class OverlayTests
{
    private const int Wait = 15;
    private const int HeaderBytes = 28;
    private const int HeaderBytes6 = 48;

    [Theory]
    [InlineData(Backend.Vxlan, 1450, false)]
    [InlineData(Backend.HostGateway, 1500, false)]
    [InlineData(Backend.Vxlan, 1450, true)]
    [InlineData(Backend.HostGateway, 1500, true)]
    public async Task Pods_of_two_nodes_talk_also_in_large_packets_through_services_and_no_more_when_the_node_is_gone(Backend backend, int mtu, bool isVersion6)
    {
        var (pods, link, web, family) = isVersion6 ? ("fd00:10:244:", "fd00:78::", "fd00:10:96::7", "-6") : ("10.244.", "192.168.78.", "10.96.0.7", "-4");
        string Pod(int node) => $"{pods}{node}{(isVersion6 ? "::" : ".")}5";
        var header = isVersion6 ? HeaderBytes6 : HeaderBytes;

        await using var nodes = await TwoNodes.CreateAsync(backend);
        var (one, two) = (nodes.One, nodes.Two);
        using var server = Talk.Serve(two.Pod, "two", 8080);

        Assert.Equal($"two {Pod(1)}", await UntilAsync(() => Talk.AskBrieflyAsync(one.Pod, Pod(2), 8080), $"two {Pod(1)}"));

        // The node itself, by an address that the other one finds back to.
        Assert.StartsWith(backend == Backend.Vxlan ? $"two {pods}1" : $"two {link}1", await Talk.AskAsync(one.Space, Pod(2), 8080), StringComparison.Ordinal);

        // The largest packet a pod may send arrives whole.
        using var large = one.Pod.Socket(ProtocolType.Udp, isVersion6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        NeverFragment(large);
        Assert.Equal($"two {Pod(1)}", await Talk.AskAsync(large, Pod(2), 8080, new byte[mtu - header]));
        var tooLarge = await Assert.ThrowsAsync<SocketException>(() => Talk.AskAsync(large, Pod(2), 8080, new byte[mtu - header + 1]));
        Assert.Equal(SocketError.MessageSize, tooLarge.SocketErrorCode);

        await one.Services.ApplyAsync(Given.Service("web", web), Given.NamedSlice("web", 8080, null, "TCP", Given.Endpoint(Pod(2), "n2")));
        Assert.Equal($"two {Pod(1)}", await Talk.AskAsync(one.Pod, web, 80));

        await nodes.Client.DeleteAsync<V1Node>(new Api.ObjectKey(null, "n2"), null, default);
        await UntilAsync(async () => (await one.Space.Commands.DoAsync("ip", [family, "route", "show", isVersion6 ? $"{pods}2::/64" : $"{pods}2.0/24"], default)).Trim(), "");
    }

    // .NET knows the option of IPv4 alone; IPV6_MTU_DISCOVER is 23 and IPV6_PMTUDISC_DO 2.
    private static void NeverFragment(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.InterNetwork)
        {
            socket.DontFragment = true;
        }
        else
        {
            socket.SetRawSocketOption(41, 23, BitConverter.GetBytes(2));
        }
    }

    [Fact]
    public async Task With_policy_local_a_node_answers_by_its_own_pods_alone_also_while_they_end()
    {
        await using var nodes = await TwoNodes.CreateAsync(Backend.Vxlan);
        await nodes.Link.IpAsync("addr add 192.168.78.100/24 dev link0");
        using var first = Talk.Serve(nodes.One.Pod, "one", 8080);
        using var second = Talk.Serve(nodes.Two.Pod, "two", 8080);
        V1Endpoint ending = Given.Endpoint("10.244.1.5", "n1", ready: false, terminating: true), ready = Given.Endpoint("10.244.2.5", "n2");

        await nodes.ApplyAsync("Local", ready);
        await UntilAsync(() => AskAsync(2), "two 192.168.78.100");
        await Talk.AssertSilentAsync(nodes.Link, "192.168.78.1", 30080);
        await nodes.ApplyAsync("Local", ending, ready);
        Assert.Equal("one 192.168.78.100", await AskAsync(1));
        Assert.Equal("two 192.168.78.100", await AskAsync(2));
        await nodes.ApplyAsync("Local", ending);
        Assert.Equal("one 192.168.78.100", await AskAsync(1));
        await Talk.AssertSilentAsync(nodes.Link, "192.168.78.2", 30080);

        // From everywhere to every ready pod; to one that ends only while there is no other.
        await nodes.ApplyAsync("Cluster", ending, ready);
        Assert.StartsWith("two ", await UntilAsync(() => AskNameAsync(1), "two "), StringComparison.Ordinal);
        await nodes.ApplyAsync("Cluster", ending);
        Assert.StartsWith("one ", await UntilAsync(() => AskNameAsync(2), "one "), StringComparison.Ordinal);

        Task<string> AskAsync(int node) => Talk.AskAsync(nodes.Link, $"192.168.78.{node}", 30080);

        async Task<string> AskNameAsync(int node) => (await AskAsync(node))[..4];
    }

    private static async Task<string> UntilAsync(Func<Task<string>> look, string wanted)
    {
        var deadline = DateTime.UtcNow.AddSeconds(Wait);
        while (true)
        {
            var found = await AnswerAsync(look);
            if (found == wanted || DateTime.UtcNow > deadline)
            {
                Assert.Equal(wanted, found);
                return found;
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Without a way there are errors instead of answers.</summary>
    private static async Task<string> AnswerAsync(Func<Task<string>> look)
    {
        try
        {
            return await look();
        }
        catch (SocketException error)
        {
            return error.Message;
        }
    }

    /// <summary>Nodes n1 and n2 on a link, which an empty network namespace is joined to as well.</summary>
    private sealed class TwoNodes : IAsyncDisposable
    {
        private readonly MemoryStore store = new();
        private readonly InformerSet informers;

        private TwoNodes()
        {
            Client = new StoreClient(store, TimeProvider.System);
            informers = new InformerSet(Client, TimeProvider.System, NullLoggerFactory.Instance);
        }

        public StoreClient Client { get; }

        public NetNamespace Link { get; private set; } = null!;

        public TestNode One { get; private set; } = null!;

        public TestNode Two { get; private set; } = null!;

        public static async Task<TwoNodes> CreateAsync(Backend backend)
        {
            var nodes = new TwoNodes();
            await nodes.informers.StartAsync(default);
            nodes.Link = await NetNamespace.CreateAsync($"fltov-{Environment.ProcessId}-{backend}");
            await nodes.Link.IpAsync("link add link0 type bridge");
            await nodes.Link.IpAsync("link set link0 up");
            nodes.One = await TestNode.CreateAsync(nodes.Link, "n1", 1, backend);
            nodes.Two = await TestNode.CreateAsync(nodes.Link, "n2", 2, backend);
            foreach (var node in new[] { nodes.One, nodes.Two })
            {
                await nodes.Client.CreateAsync(node.Object, default);
            }

            await nodes.One.StartAsync(nodes.informers);
            await nodes.Two.StartAsync(nodes.informers);
            return nodes;
        }

        /// <summary>One service with a node port, on both nodes.</summary>
        public async Task ApplyAsync(string policy, params V1Endpoint[] endpoints)
        {
            var service = Given.Service("web", "10.96.0.7", one => (one.Spec.Type, one.Spec.ExternalTrafficPolicy) = ("NodePort", policy), Given.Port(80, nodePort: 30080));
            var slice = Given.NamedSlice("web", 8080, null, "TCP", endpoints);
            await One.Services.ApplyAsync(service, slice);
            await Two.Services.ApplyAsync(service, slice);
        }

        public async ValueTask DisposeAsync()
        {
            await One.DisposeAsync();
            await Two.DisposeAsync();
            await Link.DisposeAsync();
            await informers.StopAsync(default);
            informers.Dispose();
            await store.DisposeAsync();
        }
    }

    private sealed class TestNode : IAsyncDisposable
    {
        private readonly NetworkOptions options;
        private readonly string address6;
        private NodeRoutes? routes;

        private TestNode(NetworkOptions options, string address6, NetNamespace space, NetNamespace pod, ServiceTable services)
        {
            this.options = options;
            this.address6 = address6;
            Space = space;
            Pod = pod;
            Services = services;
        }

        public NetNamespace Space { get; }

        public NetNamespace Pod { get; }

        public ServiceTable Services { get; }

        public V1Node Object => new()
        {
            Metadata = new V1ObjectMeta { Name = options.NodeName },
            Spec = new V1NodeSpec { PodCIDR = $"{options.Primary.NodePods}", PodCIDRs = [.. options.Families.Select(network => $"{network.NodePods}")] },
            Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = $"{options.NodeAddress}" }, new V1NodeAddress { Type = "InternalIP", Address = address6 }] },
        };

        public static async Task<TestNode> CreateAsync(NetNamespace link, string name, int number, Backend backend)
        {
            var options = new NetworkOptions
            {
                NodeName = name, TableName = "fltov", BridgeName = "fltov0", OverlayName = "fltov-vxlan", Backend = backend,
                Families =
                [
                    new(IPNetwork.Parse($"10.244.{number}.0/24"), IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/12")),
                    new(IPNetwork.Parse($"fd00:10:244:{number}::/64"), IPNetwork.Parse("fd00:10:244::/56"), IPNetwork.Parse("fd00:10:96::/112")),
                ],
                NodeAddress = IPAddress.Parse($"192.168.78.{number}"),
            };
            var space = await NetNamespace.CreateAsync($"{link.Name}-{name}");
            await link.IpAsync($"link add to-{name} type veth peer name eth0 netns {space.Name}");
            await link.IpAsync($"link set to-{name} master link0 up");
            await space.IpAsync($"addr add {options.NodeAddress}/24 dev eth0");
            await space.IpAsync($"addr add fd00:78::{number}/64 dev eth0 nodad");
            await space.IpAsync("link set eth0 up");
            var bridge = new PodBridge(options, space.Commands, NullLogger.Instance);
            await bridge.EnsureAsync(default);
            var pod = await NetNamespace.CreateAsync($"{space.Name}-pod");
            await space.IpAsync($"link add veth-pod type veth peer name eth0 netns {pod.Name}");
            await space.IpAsync($"link set veth-pod mtu {OverlayLink.PodMtu(options)} master {options.BridgeName} up");
            await pod.IpAsync($"addr add 10.244.{number}.5/24 dev eth0");
            await pod.IpAsync($"addr add fd00:10:244:{number}::5/64 dev eth0 nodad");
            await pod.IpAsync($"link set eth0 mtu {OverlayLink.PodMtu(options)} up");
            foreach (var network in options.Families)
            {
                await pod.IpAsync($"route add default via {network.Gateway}");
            }

            return new TestNode(options, $"fd00:78::{number}", space, pod, new ServiceTable(options, space.Commands, bridge.SeesBridgedPackets));
        }

        public async Task StartAsync(InformerSet informers)
        {
            await Services.ApplyAsync();
            routes = new NodeRoutes(options, informers, Space.Commands, TimeProvider.System, NullLogger<NodeRoutes>.Instance);
            await routes.StartAsync(default);
        }

        public async ValueTask DisposeAsync()
        {
            if (routes is not null)
            {
                await routes.StopAsync(default);
                routes.Dispose();
            }

            await Pod.DisposeAsync();
            await Space.DisposeAsync();
        }
    }

    private sealed class ServiceTable(NetworkOptions options, HostCommands commands, Predicate<Family> seesBridgedPackets)
    {
        private readonly List<(ServiceCompiler Compiler, NftTable Table)> tables =
        [
            .. options.Families.Select(network => (
                new ServiceCompiler(network, options.ClusterDnsAddress),
                new NftTable(BaseTable.Name(options, network.Family), BaseTable.Script(options, network, seesBridgedPackets(network.Family)), Names.Refuse, commands, NullLogger.Instance))),
        ];

        public async Task ApplyAsync(V1Service? service = null, params V1EndpointSlice[] slices)
        {
            foreach (var (compiler, table) in tables)
            {
                table.Rules.Set("service", null, service is null ? null : compiler.For(service, slices, new NodePlace(options.NodeName)));
                await table.ApplyAsync(default);
            }
        }
    }
}
