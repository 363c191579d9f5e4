using System.Globalization;
using System.Net;
using Flotilla.Linux.Commands;

namespace Flotilla.Local.Nodes;

/// <summary>
/// An address of the machine that leads to whichever server answers, for the clients of a cluster whose servers are all on this
/// machine: one rule in the machine's own network, which each server can write. Its network is kept under a name for that.
/// </summary>
internal sealed class ApiAddress(string address, string bridge)
{
    private const int Number = 254;
    private static readonly HostCommands Here = new();

    private string Namespace => $"{bridge}-machine";

    private string Table => $"flotilla-api-{bridge}";

    /// <summary>In the network of the nodes, where it is nobody's.</summary>
    public static string In(string subnet) => NodeNetns.AddressIn(subnet, Number);

    /// <summary>From the machine itself: its network gets the name by which servers reach it.</summary>
    public async Task EnsureMachineAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists($"/run/netns/{Namespace}"))
        {
            await Here.DoAsync("ip", ["netns", "attach", Namespace, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)], cancellationToken);
        }
    }

    /// <summary>From any network: the address leads to this server from now on; what is connected to others stays so.</summary>
    /// <param name="silent">Servers that nobody hears any more: what is connected to them ends.</param>
    /// <exception cref="CommandException">It does not.</exception>
    public async Task LeadToAsync(IPAddress server, int port, IReadOnlyList<string> silent, CancellationToken cancellationToken)
    {
        var rules = $$"""
            table ip {{Table}}
            delete table ip {{Table}}
            table ip {{Table}} {
              chain output {
                type nat hook output priority -100
                ip daddr {{address}} tcp dport {{port}} dnat to {{server}}:{{port}}
              }
            }
            """;
        var machine = new HostCommands(["nsenter", $"--net=/run/netns/{Namespace}"]);
        if (await machine.RunAsync("nft", ["-f", "-"], rules, cancellationToken) is { Succeeded: false } failed)
        {
            throw new CommandException($"nft refused the rule of the API's address: {failed.Error.Trim()}");
        }

        // Who waits for a server that never answered goes to this one by its next try. Who was connected to a silent one does, too:
        // this server knows nothing of the connection, and its refusal ends it.
        string[] forget = ["-D", "-p", "tcp", "--orig-dst", address, "--dport", port.ToString(CultureInfo.InvariantCulture)];
        await machine.RunAsync("conntrack", [.. forget, "--state", "SYN_SENT"], cancellationToken);
        foreach (var left in silent)
        {
            await machine.RunAsync("conntrack", [.. forget, "--reply-src", left], cancellationToken);
        }
    }

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await Here.RunAsync("nft", ["delete", "table", "ip", Table], cancellationToken);
        await Here.RunAsync("ip", ["netns", "delete", Namespace], cancellationToken);
    }
}
