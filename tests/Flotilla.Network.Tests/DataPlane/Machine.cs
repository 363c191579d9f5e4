using System.Net;
using Flotilla.Client;
using Flotilla.Network.Cni;
using Flotilla.Network.Services;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>
/// A node with two pods on its bridge and a neighbour outside, all in network namespaces, with addresses of both families
/// (<see cref="Plan"/>).
/// </summary>
public sealed class Machine : IAsyncLifetime
{
    private static int count;
    private readonly List<IDisposable> servers = [];
    private readonly List<NetNamespace> spaces = [];

    internal static NetworkOptions Options { get; } = new()
    {
        NodeName = Given.Node,
        TableName = "fltnet",
        BridgeName = "fltnet0",
        Families = [.. new NetworkOptions { NodeName = "" }.Families, new(IPNetwork.Parse("fd00:10:244::/64"), IPNetwork.Parse("fd00:10:244::/56"), IPNetwork.Parse("fd00:10:96::/112"))],
    };

    internal NetNamespace Node { get; private set; } = null!;

    internal NetNamespace A { get; private set; } = null!;

    internal NetNamespace B { get; private set; } = null!;

    internal NetNamespace Outside { get; private set; } = null!;

    private Dictionary<Family, NftTable> Tables { get; set; } = null!;

    internal NftTable TableOf(Family family) => Tables[family];

    public async ValueTask InitializeAsync()
    {
        Node = await SpaceAsync("node");
        var bridge = new PodBridge(Options, Node.Commands, NullLogger.Instance);
        await bridge.EnsureAsync(default);
        await bridge.EnsureAsync(default);
        A = await PodAsync("a", Plan.V4.A, Plan.V6.A);
        B = await PodAsync("b", Plan.V4.B, Plan.V6.B);
        Outside = await SpaceAsync("outside");
        await Node.IpAsync($"link add uplink type veth peer name eth0 netns {Outside.Name}");
        await Node.IpAsync("addr add 192.168.77.1/24 dev uplink");
        await Node.IpAsync($"addr add {Plan.V6.Node}/64 dev uplink nodad");
        await Node.IpAsync("link set uplink up");
        await Outside.IpAsync("addr add 192.168.77.2/24 dev eth0");
        await Outside.IpAsync($"addr add {Plan.V6.Outside}/64 dev eth0 nodad");
        await Outside.IpAsync("link set eth0 up");
        servers.Add(Talk.Serve(A, "a", 8080));
        servers.Add(Talk.Serve(B, "b", 8080));
        servers.Add(Talk.Serve(Outside, "outside", 8080));
        Tables = Options.Families.ToDictionary(
            network => network.Family,
            network => new NftTable(BaseTable.Name(Options, network.Family), BaseTable.Script(Options, network, bridge.SeesBridgedPackets(network.Family)), Names.Refuse, Node.Commands, NullLogger.Instance));
    }

    public async ValueTask DisposeAsync()
    {
        servers.ForEach(server => server.Dispose());
        foreach (var space in spaces)
        {
            await space.DisposeAsync();
        }
    }

    /// <summary>These services and host ports, and no others.</summary>
    internal async Task ApplyAsync(V1Service[] services, V1EndpointSlice[] slices, params HostPort[] hostPorts)
    {
        foreach (var network in Options.Families)
        {
            var table = Tables[network.Family];
            foreach (var owner in table.Rules.Owners.ToList())
            {
                table.Rules.Set(owner, null, null);
            }

            foreach (var service in services)
            {
                var own = slices.Where(slice => SliceIndex.KeyOf(slice)?.Name == service.Metadata.Name).ToList();
                table.Rules.Set(service.Metadata.Name, null, new ServiceCompiler(network, Options.ClusterDnsAddress).For(service, own, new NodePlace(Given.Node)));
            }

            table.Rules.Set("host ports", null, ServiceCompiler.For(hostPorts.Where(port => network.Family.Has(port.PodAddress))));
            await table.ApplyAsync(default);
        }
    }

    private async Task<NetNamespace> SpaceAsync(string name)
    {
        var space = await NetNamespace.CreateAsync($"fltnet-{Environment.ProcessId}-{Interlocked.Increment(ref count)}-{name}");
        spaces.Add(space);
        return space;
    }

    private async Task<NetNamespace> PodAsync(string name, string address, string address6)
    {
        var pod = await SpaceAsync(name);
        await Node.IpAsync($"link add veth-{name} type veth peer name eth0 netns {pod.Name}");
        await Node.IpAsync($"link set veth-{name} master {Options.BridgeName} up");
        await Node.IpAsync($"link set veth-{name} type bridge_slave hairpin on");
        await pod.IpAsync($"addr add {address}/24 dev eth0");
        await pod.IpAsync($"addr add {address6}/64 dev eth0 nodad");
        await pod.IpAsync("link set eth0 up");
        foreach (var network in Options.Families)
        {
            await pod.IpAsync($"route add default via {network.Gateway}");
        }

        return pod;
    }
}
