using System.Text.Json;
using Flotilla.Linux.Commands;

namespace Flotilla.Network.Cni;

/// <summary>
/// Makes the machine forward IPv6. Linux stops listening to routers then, so that a machine that has its own way out from
/// one would lose it: the links where that is so are told to go on listening. Pods are no routers, whatever they say.
/// </summary>
public sealed class RouterMode(HostCommands commands)
{
    private const string Forwarding = "net/ipv6/conf/all/forwarding";
    private const string Listens = "1";
    private const string ListensAlways = "2";

    public async Task EnsureAsync(string bridge, CancellationToken cancellationToken)
    {
        var before = await commands.RunAsync("sysctl", ["-n", Forwarding], cancellationToken);
        if (!before.Succeeded)
        {
            throw new CommandException("This machine's kernel has no IPv6, of which the cluster has addresses (--pod-cidr).");
        }

        await SetAsync($"net/ipv6/conf/{bridge}/disable_ipv6", "0", cancellationToken);
        await SetAsync($"net/ipv6/conf/{bridge}/accept_ra", "0", cancellationToken);
        if (before.Output.Trim() == "1")
        {
            return;
        }

        foreach (var link in await LinksToRoutersAsync(cancellationToken))
        {
            var setting = $"net/ipv6/conf/{link}/accept_ra";
            if ((await commands.DoAsync("sysctl", ["-n", setting], cancellationToken)).Trim() == Listens)
            {
                await SetAsync(setting, ListensAlways, cancellationToken);
            }
        }

        await SetAsync(Forwarding, "1", cancellationToken);
    }

    private Task SetAsync(string setting, string value, CancellationToken cancellationToken) =>
        commands.DoAsync("sysctl", ["-qw", $"{setting}={value}"], cancellationToken);

    private async Task<IReadOnlyList<string>> LinksToRoutersAsync(CancellationToken cancellationToken)
    {
        var routes = await commands.DoAsync("ip", ["-j", "-6", "route", "show", "default", "proto", "ra"], cancellationToken);
        if (routes.Trim().Length == 0)
        {
            return [];
        }

        using var document = JsonDocument.Parse(routes);
        return [.. document.RootElement.EnumerateArray().Select(route => route.TryGetProperty("dev", out var link) ? link.GetString() : null).OfType<string>().Distinct(StringComparer.Ordinal)];
    }
}
