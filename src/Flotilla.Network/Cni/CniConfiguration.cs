using System.Text.Json.Nodes;
using Flotilla.Network.Overlay;

namespace Flotilla.Network.Cni;

/// <summary>
/// The network configuration list the container runtime reads: a bridge with one address per pod from each of the node's
/// ranges. Masquerading and host ports are not left to the plugins: those need iptables, while all our rules live in
/// one nftables table (see <see cref="Services.ServiceCompiler"/>), which also works on machines without iptables.
/// </summary>
public static class CniConfiguration
{
    public const string FileName = "10-flotilla.conflist";

    public static string For(NetworkOptions options)
    {
        var bridge = new JsonObject
        {
            ["type"] = "bridge",
            ["bridge"] = options.BridgeName,
            ["isDefaultGateway"] = true,
            ["hairpinMode"] = true,
            ["ipMasq"] = false,
            ["mtu"] = OverlayLink.PodMtu(options),
            ["ipam"] = new JsonObject
            {
                ["type"] = "host-local",
                ["dataDir"] = options.CniStateDirectory,
                ["ranges"] = new JsonArray([.. options.Families.Select(network => new JsonArray(new JsonObject { ["subnet"] = network.NodePods.ToString() }))]),
            },
        };
        return new JsonObject
        {
            ["cniVersion"] = "0.4.0",
            ["name"] = options.BridgeName,
            ["plugins"] = new JsonArray(bridge),
        }.ToJsonString(new() { WriteIndented = true });
    }

    /// <summary>Replaces the file in one step: the runtime watches the directory and must never read half of it.</summary>
    public static async Task WriteAsync(NetworkOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.CniConfigDirectory);
        Directory.CreateDirectory(options.CniStateDirectory);
        var path = Path.Combine(options.CniConfigDirectory, FileName);
        var text = For(options);
        if (File.Exists(path) && await File.ReadAllTextAsync(path, cancellationToken) == text)
        {
            return;
        }

        await File.WriteAllTextAsync(path + ".new", text, cancellationToken);
        File.Move(path + ".new", path, overwrite: true);
    }
}
