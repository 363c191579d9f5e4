using System.Net;
using System.Text.Json;
using Flotilla.Linux.Commands;

namespace Flotilla.Network.LoadBalancers;

/// <summary>What a device has of addresses that are not the kernel's own.</summary>
internal static class BalancerDevice
{
    /// <returns>null: there is no such device.</returns>
    public static async Task<HashSet<IPAddress>?> AddressesAsync(HostCommands commands, string device, CancellationToken cancellationToken)
    {
        var shown = await commands.RunAsync("ip", ["-j", "addr", "show", "dev", device], cancellationToken);
        if (!shown.Succeeded)
        {
            return null;
        }

        using var document = JsonDocument.Parse(shown.Output);
        return
        [
            .. document.RootElement.EnumerateArray()
                .Where(link => link.TryGetProperty("addr_info", out _))
                .SelectMany(link => link.GetProperty("addr_info").EnumerateArray())
                .Select(info => IPAddress.Parse(info.GetProperty("local").GetString()!))
                .Where(address => !address.IsIPv6LinkLocal),
        ];
    }
}
