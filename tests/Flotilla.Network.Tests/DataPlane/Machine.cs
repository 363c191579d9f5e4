using Flotilla.Client;
using Flotilla.Network.Cni;
using Flotilla.Network.Services;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>
/// A node with two pods on its bridge and a neighbour outside, all in network namespaces. Pod a is 10.244.0.5,
/// pod b 10.244.0.6, the node 192.168.77.1 and the neighbour 192.168.77.2.
/// </summary>
public sealed class Machine : IAsyncLifetime
{
    private static int count;
    private readonly List<IDisposable> servers = [];
    private readonly List<NetNamespace> spaces = [];

    internal static NetworkOptions Options { get; } = new() { NodeName = Given.Node, TableName = "fltnet", BridgeName = "fltnet0" };

    internal NetNamespace Node { get; private set; } = null!;

    internal NetNamespace A { get; private set; } = null!;

    internal NetNamespace B { get; private set; } = null!;

    internal NetNamespace Outside { get; private set; } = null!;

    internal NftTable Table { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Node = await SpaceAsync("node");
        var bridge = new PodBridge(Options, Node.Commands, NullLogger.Instance);
        await bridge.EnsureAsync(default);
        await bridge.EnsureAsync(default);
        A = await PodAsync("a", "10.244.0.5");
        B = await PodAsync("b", "10.244.0.6");
        Outside = await SpaceAsync("outside");
        await Node.IpAsync($"link add uplink type veth peer name eth0 netns {Outside.Name}");
        await Node.IpAsync("addr add 192.168.77.1/24 dev uplink");
        await Node.IpAsync("link set uplink up");
        await Outside.IpAsync("addr add 192.168.77.2/24 dev eth0");
        await Outside.IpAsync("link set eth0 up");
        servers.Add(Talk.Serve(A, "a", 8080));
        servers.Add(Talk.Serve(B, "b", 8080));
        servers.Add(Talk.Serve(Outside, "outside", 8080));
        Table = new NftTable(BaseTable.Name(Options), BaseTable.Script(Options, bridge.SeesBridgedPackets), Names.Refuse, Node.Commands, NullLogger.Instance);
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
    internal Task ApplyAsync(V1Service[] services, V1EndpointSlice[] slices, params HostPort[] hostPorts)
    {
        foreach (var owner in Table.Rules.Owners.ToList())
        {
            Table.Rules.Set(owner, null, null);
        }

        foreach (var service in services)
        {
            var own = slices.Where(slice => SliceIndex.KeyOf(slice)?.Name == service.Metadata.Name).ToList();
            Table.Rules.Set(service.Metadata.Name, null, new ServiceCompiler(Options).For(service, own, new NodePlace(Given.Node)));
        }

        Table.Rules.Set("host ports", null, ServiceCompiler.For(hostPorts));
        return Table.ApplyAsync(default);
    }

    private async Task<NetNamespace> SpaceAsync(string name)
    {
        var space = await NetNamespace.CreateAsync($"fltnet-{Environment.ProcessId}-{Interlocked.Increment(ref count)}-{name}");
        spaces.Add(space);
        return space;
    }

    private async Task<NetNamespace> PodAsync(string name, string address)
    {
        var pod = await SpaceAsync(name);
        await Node.IpAsync($"link add veth-{name} type veth peer name eth0 netns {pod.Name}");
        await Node.IpAsync($"link set veth-{name} master {Options.BridgeName} up");
        await Node.IpAsync($"link set veth-{name} type bridge_slave hairpin on");
        await pod.IpAsync($"addr add {address}/24 dev eth0");
        await pod.IpAsync("link set eth0 up");
        await pod.IpAsync($"route add default via {Options.GatewayAddress}");
        return pod;
    }
}
