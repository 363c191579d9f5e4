using System.Net;
using Flotilla.Linux.Commands;
using Flotilla.Network.Cni;

namespace Flotilla.Local.Nodes;

/// <summary>
/// A network namespace that stands for a machine: joined to the others of its cluster by a bridge, and to the world by
/// masquerading. Names follow from the data directory, so that making and removing need no memory.
/// </summary>
internal sealed class NodeNetns(ClusterSettings cluster, ClusterSettings node)
{
    private const int PrefixLength = 24;
    private const int PrefixLength6 = 64;
    private static readonly HostCommands Commands = new();

    public string Name => $"flotilla-{ClusterSettings.HashOf(node.DataDirectory)}";

    /// <summary>What makes a command run in it.</summary>
    public IReadOnlyList<string> Prefix => ["nsenter", $"--net=/run/netns/{Name}"];

    /// <summary>Joins all of them.</summary>
    public string Bridge => $"fb{ClusterSettings.HashOf(cluster.DataDirectory)}";

    private string Link => $"fv{ClusterSettings.HashOf(node.DataDirectory)}";

    private string Table => $"flotilla-nodes-{ClusterSettings.HashOf(cluster.DataDirectory)}";

    /// <summary>The bridge of a cluster's nodes; made once.</summary>
    public async Task EnsureBridgeAsync(CancellationToken cancellationToken)
    {
        if (await SaysAsync(["link", "show", "up", "dev", Bridge], cancellationToken))
        {
            return;
        }

        // It comes up last: one that is down was left behind half made.
        await RemoveBridgeAsync(cancellationToken);
        await Commands.DoAsync("ip", ["link", "add", Bridge, "type", "bridge"], cancellationToken);
        await Commands.DoAsync("ip", ["addr", "add", $"{Gateway(cluster)}/{PrefixLength}", "dev", Bridge], cancellationToken);
        await Commands.DoAsync("sysctl", ["-qw", "net.ipv4.ip_forward=1"], cancellationToken);
        if (cluster.HasVersion6)
        {
            await Commands.DoAsync("ip", ["addr", "add", $"{Address6(Gateway(cluster))}/{PrefixLength6}", "dev", Bridge, "nodad"], cancellationToken);
            await new RouterMode(Commands).EnsureAsync(Bridge, cancellationToken);
        }

        var rules = Rules("ip", cluster.NodeSubnet!) + (cluster.HasVersion6 ? Rules("ip6", $"{Address6(Gateway(cluster))}/{PrefixLength6}") : "");
        if (await Commands.RunAsync("nft", ["-f", "-"], rules, cancellationToken) is { Succeeded: false } failed)
        {
            throw new CommandException($"nft refused the rules of the nodes' bridge: {failed.Error.Trim()}");
        }

        await Commands.DoAsync("ip", ["link", "set", Bridge, "up"], cancellationToken);
    }

    private string Rules(string family, string subnet) => $$"""
        table {{family}} {{Table}} {
          chain postrouting {
            type nat hook postrouting priority 100
            {{family}} saddr {{subnet}} oifname != "{{Bridge}}" masquerade
          }
        }

        """;

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (await SaysAsync(["-n", Name, "route", "show", "default"], cancellationToken))
        {
            return;
        }

        // The route comes last: a namespace without it was left behind half made.
        await RemoveAsync(cancellationToken);
        await Commands.DoAsync("ip", ["netns", "add", Name], cancellationToken);
        await Commands.DoAsync("ip", ["link", "add", Link, "type", "veth", "peer", "name", "eth0", "netns", Name], cancellationToken);
        await Commands.DoAsync("ip", ["link", "set", Link, "master", Bridge, "up"], cancellationToken);
        await Commands.DoAsync("ip", ["-n", Name, "link", "set", "lo", "up"], cancellationToken);
        await Commands.DoAsync("ip", ["-n", Name, "addr", "add", $"{node.LocalAddress}/{PrefixLength}", "dev", "eth0"], cancellationToken);
        await Commands.DoAsync("ip", ["-n", Name, "link", "set", "eth0", "up"], cancellationToken);
        if (cluster.HasVersion6)
        {
            await Commands.DoAsync("ip", ["-n", Name, "addr", "add", $"{Address6(node.LocalAddress!)}/{PrefixLength6}", "dev", "eth0", "nodad"], cancellationToken);
            await Commands.DoAsync("ip", ["-n", Name, "-6", "route", "add", "default", "via", Address6(Gateway(cluster))], cancellationToken);
        }

        await Commands.DoAsync("ip", ["-n", Name, "route", "add", "default", "via", Gateway(cluster)], cancellationToken);
    }

    /// <summary>Everything in it must have ended.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        // The link goes with the namespace, but not at once.
        await Commands.RunAsync("ip", ["link", "delete", Link], cancellationToken);
        await Commands.RunAsync("ip", ["netns", "delete", Name], cancellationToken);
    }

    public async Task RemoveBridgeAsync(CancellationToken cancellationToken)
    {
        await Commands.RunAsync("ip", ["link", "delete", Bridge], cancellationToken);
        await Commands.RunAsync("nft", ["delete", "table", "ip", Table], cancellationToken);
        await Commands.RunAsync("nft", ["delete", "table", "ip6", Table], cancellationToken);
    }

    private static async Task<bool> SaysAsync(string[] question, CancellationToken cancellationToken) =>
        await Commands.RunAsync("ip", question, cancellationToken) is { Succeeded: true } answer && answer.Output.Trim().Length > 0;

    /// <summary>The machine's own address on the bridge.</summary>
    public static string Gateway(ClusterSettings cluster) => AddressIn(cluster.NodeSubnet!, 1);

    public static string AddressIn(string subnet, int number)
    {
        var bytes = IPNetwork.Parse(subnet).BaseAddress.GetAddressBytes();
        bytes[^1] = (byte)number;
        return new IPAddress(bytes).ToString();
    }

    /// <summary>What goes with an address in a cluster that has IPv6 too: the same numbers in a network of the machine's own.</summary>
    public static string Address6(string address) =>
        IPAddress.Parse(address).GetAddressBytes() is [var first, var second, var third, var number] ? $"fd00:{first}:{second}:{third}::{number:x}" : address;

    /// <summary>The first network of its kind to which the machine has no route.</summary>
    public static async Task<string> FreeSubnetAsync(CancellationToken cancellationToken)
    {
        var routes = await Commands.DoAsync("ip", ["-4", "route", "show"], cancellationToken);
        var third = Enumerable.Range(0, 256).FirstOrDefault(number => !routes.Contains($"172.30.{number}.", StringComparison.Ordinal), -1);
        return third >= 0 ? $"172.30.{third}.0/{PrefixLength}" : throw new UserError("All networks of 172.30.0.0/16 are in use on this machine; nodes need one of them.");
    }
}
