using System.Globalization;
using Flotilla.Linux.Commands;
using Flotilla.Network.Overlay;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Cni;

/// <summary>
/// The bridge of this node's pods, made before the first pod so that service routes, cluster DNS and the settings
/// that hang on it exist from the start. Making it twice changes nothing.
/// </summary>
public sealed partial class PodBridge(NetworkOptions options, HostCommands commands, ILogger logger)
{
    private readonly HashSet<Family> seen = [];

    /// <summary>Whether the kernel shows bridged packets to nftables, which is what undoes address translation for replies between pods.</summary>
    public bool SeesBridgedPackets(Family family) => seen.Contains(family);

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var link = await commands.RunAsync("ip", ["link", "show", options.BridgeName], cancellationToken);
        if (!link.Succeeded)
        {
            // With an address of its own the bridge does not change it whenever a pod comes or goes.
            await commands.DoAsync("ip", ["link", "add", options.BridgeName, "address", HardwareAddress(), "type", "bridge"], cancellationToken);
        }

        var mtu = OverlayLink.PodMtu(options).ToString(CultureInfo.InvariantCulture);
        await commands.DoAsync("ip", ["link", "set", options.BridgeName, "mtu", mtu, "up"], cancellationToken);
        foreach (var network in options.Families)
        {
            await EnsureAsync(network, cancellationToken);
        }

        await AddAddressAsync(Family.Of(options.ClusterDnsAddress), $"{options.ClusterDnsAddress}/{Family.Of(options.ClusterDnsAddress).Bits}", cancellationToken);
        if (options.Families.Any(network => !SeesBridgedPackets(network.Family)))
        {
            Log.NoBridgeFilter(logger);
        }
    }

    private async Task EnsureAsync(FamilyNetwork network, CancellationToken cancellationToken)
    {
        await SetKernelAsync(network.Family, cancellationToken);
        await AddAddressAsync(network.Family, $"{network.Gateway}/{network.NodePods.PrefixLength}", cancellationToken);

        // Gives the machine itself a way to service addresses, even where it has no default route.
        await commands.DoAsync(
            "ip",
            ["route", "replace", network.Services.ToString(), "dev", options.BridgeName, "src", network.Gateway.ToString()],
            cancellationToken);
        if (await BridgeFilterAsync(network.Family, cancellationToken))
        {
            seen.Add(network.Family);
        }
    }

    private async Task AddAddressAsync(Family family, string address, CancellationToken cancellationToken)
    {
        // Nobody else can have it, so that nobody need be asked for a second.
        string[] now = family == Family.V6 ? ["nodad"] : [];
        await commands.DoAsync("ip", ["addr", "replace", address, "dev", options.BridgeName, .. now], cancellationToken);
    }

    private async Task SetKernelAsync(Family family, CancellationToken cancellationToken)
    {
        if (family == Family.V6)
        {
            await new RouterMode(commands).EnsureAsync(options.BridgeName, cancellationToken);
            return;
        }

        await RequireAsync("net.ipv4.ip_forward", cancellationToken);

        // A connection to 127.0.0.1:nodePort leaves by the bridge with the loopback as its source until masqueraded.
        await RequireAsync($"net.ipv4.conf.{options.BridgeName}.route_localnet", cancellationToken);
    }

    private async Task<bool> BridgeFilterAsync(Family family, CancellationToken cancellationToken)
    {
        var setting = $"net.bridge.bridge-nf-call-{ForwardingGrant.CommandOf(family)}";
        return await TryAsync(setting, cancellationToken) || (await LoadAsync("br_netfilter", cancellationToken) && await TryAsync(setting, cancellationToken));
    }

    private async Task<bool> TryAsync(string setting, CancellationToken cancellationToken) =>
        (await commands.RunAsync("sysctl", ["-qw", $"{setting}=1"], cancellationToken)).Succeeded;

    private async Task<bool> LoadAsync(string module, CancellationToken cancellationToken)
    {
        try
        {
            return (await commands.RunAsync("modprobe", ["-q", module], cancellationToken)).Succeeded;
        }
        catch (CommandException)
        {
            // A machine without modprobe has its modules built in, or not at all.
            return false;
        }
    }

    private async Task RequireAsync(string setting, CancellationToken cancellationToken) =>
        await commands.DoAsync("sysctl", ["-qw", $"{setting}=1"], cancellationToken);

    /// <summary>Locally administered, and derived from the gateway's address.</summary>
    private string HardwareAddress() =>
        "0a:58:" + string.Join(':', options.Primary.Gateway.GetAddressBytes()[^4..].Select(one => one.ToString("x2", null)));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message =
            "The kernel has no br_netfilter: connections between pods of this node through a Service appear to come from the node")]
        public static partial void NoBridgeFilter(ILogger logger);
    }
}
