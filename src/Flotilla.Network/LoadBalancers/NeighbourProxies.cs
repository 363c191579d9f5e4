using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Flotilla.Linux.Commands;

namespace Flotilla.Network.LoadBalancers;

/// <summary>
/// Who asks for an address of IPv6 is answered by Linux only on the link that has it, other than by ARP: for an address on a device of its own the
/// kernel is told to answer on the link of the neighbours. It goes on when the agent has stopped.
/// </summary>
/// <param name="commands">Of the machine.</param>
internal sealed class NeighbourProxies(HostCommands commands)
{
    /// <exception cref="CommandException">The kernel does not take it.</exception>
    public async Task AnswerAsync(IEnumerable<IPAddress> addresses, Func<IPAddress, string?> linkOf, CancellationToken cancellationToken)
    {
        var wanted = addresses.Where(address => address.AddressFamily == AddressFamily.InterNetworkV6)
            .Select(address => (Address: address, Link: linkOf(address))).Where(one => one.Link is not null).ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        var answered = await ListAsync(cancellationToken);
        foreach (var (address, link) in wanted.Where(one => !answered.Contains((one.Address, one.Link!))))
        {
            // At once: nobody else answers for it.
            await commands.DoAsync("sysctl", ["-qw", $"net/ipv6/conf/{link}/proxy_ndp=1", $"net/ipv6/neigh/{link}/proxy_delay=0"], cancellationToken);
            await commands.DoAsync("ip", ["-6", "neigh", "replace", "proxy", address.ToString(), "dev", link!], cancellationToken);
        }
    }

    /// <exception cref="CommandException">The kernel does not take it.</exception>
    public async Task EndAsync(IReadOnlyCollection<IPAddress> addresses, CancellationToken cancellationToken)
    {
        if (addresses.All(address => address.AddressFamily != AddressFamily.InterNetworkV6))
        {
            return;
        }

        foreach (var (address, link) in (await ListAsync(cancellationToken)).Where(one => addresses.Contains(one.Address)))
        {
            await commands.RunAsync("ip", ["-6", "neigh", "del", "proxy", address.ToString(), "dev", link], cancellationToken);
        }
    }

    private async Task<HashSet<(IPAddress Address, string Link)>> ListAsync(CancellationToken cancellationToken)
    {
        var shown = await commands.DoAsync("ip", ["-6", "-j", "neigh", "show", "proxy"], cancellationToken);
        using var document = JsonDocument.Parse(shown.Trim() is { Length: > 0 } list ? list : "[]");
        return [.. document.RootElement.EnumerateArray().Select(one => (IPAddress.Parse(one.GetProperty("dst").GetString()!), one.GetProperty("dev").GetString()!))];
    }
}
