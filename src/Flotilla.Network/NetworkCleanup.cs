using Flotilla.Network.Cni;
using Flotilla.Network.Commands;

namespace Flotilla.Network;

/// <summary>
/// Removes what <see cref="NodeNetwork"/> made: the tables, overlay, addresses of load balancers and bridge with its addresses and routes, and the CNI
/// files. Forwarding stays enabled in the kernel, because others may rely on it by now.
/// </summary>
public static class NetworkCleanup
{
    /// <summary>Whatever is already gone is fine. Returns what could not be removed, in words.</summary>
    public static async Task<IReadOnlyList<string>> RemoveAsync(NetworkOptions options, HostCommands commands, CancellationToken cancellationToken)
    {
        List<string> left = [];
        await TryAsync("nft", ["delete", "table", "ip", options.TableName], ["nft", "list", "table", "ip", options.TableName]);
        await TryAsync("nft", ["delete", "table", "ip", options.PolicyTableName], ["nft", "list", "table", "ip", options.PolicyTableName]);
        await TryAsync("ip", ["link", "delete", options.OverlayName], ["ip", "link", "show", options.OverlayName]);
        await TryAsync("ip", ["link", "delete", options.BalancerName], ["ip", "link", "show", options.BalancerName]);
        await TryAsync("ip", ["link", "delete", options.BridgeName], ["ip", "link", "show", options.BridgeName]);
        foreach (var rule in ForwardingGrant.Rules(options))
        {
            await TryAsync("iptables", ["-w", "-D", "FORWARD", .. rule], ["iptables", "-w", "-C", "FORWARD", .. rule], optional: true);
        }

        // A cluster that never came up has no such directory.
        if (Directory.Exists(options.CniConfigDirectory))
        {
            File.Delete(Path.Combine(options.CniConfigDirectory, CniConfiguration.FileName));
        }

        if (Directory.Exists(options.CniStateDirectory))
        {
            Directory.Delete(options.CniStateDirectory, recursive: true);
        }

        return left;

        async Task TryAsync(string command, string[] arguments, string[] probe, bool optional = false)
        {
            try
            {
                if (!(await commands.RunAsync(command, arguments, cancellationToken)).Succeeded
                    && (await commands.RunAsync(probe[0], probe[1..], cancellationToken)).Succeeded)
                {
                    left.Add($"{command} {string.Join(' ', arguments)} failed");
                }
            }
            catch (CommandException) when (optional)
            {
                // What was never installed made no rules.
                return;
            }
            catch (CommandException error)
            {
                left.Add(error.Message);
            }
        }
    }
}
