using Flotilla.Linux.Commands;
using Flotilla.Network.Cni;
using Flotilla.Network.LoadBalancers;

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

        // Of both families, whichever the cluster had.
        foreach (var (family, table) in Family.All.SelectMany(family => new[] { (family.Ip, options.TableName), (family.Ip, options.PolicyTableName) }))
        {
            await TryAsync("nft", ["delete", "table", family, table], ["nft", "list", "table", family, table]);
        }

        await TryAsync("ip", ["link", "delete", options.OverlayName], ["ip", "link", "show", options.OverlayName]);
        await EndProxiesAsync();
        await TryAsync("ip", ["link", "delete", options.BalancerName], ["ip", "link", "show", options.BalancerName]);
        await TryAsync("ip", ["link", "delete", options.BridgeName], ["ip", "link", "show", options.BridgeName]);
        foreach (var (command, rule) in Family.All.SelectMany(family => ForwardingGrant.Rules(options).Select(rule => (ForwardingGrant.CommandOf(family), rule))))
        {
            await TryAsync(command, ["-w", "-D", "FORWARD", .. rule], [command, "-w", "-C", "FORWARD", .. rule], optional: true);
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

        async Task EndProxiesAsync()
        {
            try
            {
                await new NeighbourProxies(commands).EndAsync(await BalancerDevice.AddressesAsync(commands, options.BalancerName, cancellationToken) ?? [], cancellationToken);
            }
            catch (CommandException error)
            {
                left.Add(error.Message);
            }
        }

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
