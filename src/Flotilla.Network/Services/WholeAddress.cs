using System.Globalization;

namespace Flotilla.Network.Services;

/// <summary>A cluster address whose every port leads to its endpoints, on the port that was asked for. Ports that the service names are looked up before.</summary>
internal static class WholeAddress
{
    public const string Addresses = "whole-addresses";
    public const string Endpoints = "whole-endpoints";

    public static void Add(RuleSet rules, Family family, string address, IReadOnlyList<Endpoint> endpoints)
    {
        if (endpoints.Count == 0)
        {
            // The table refuses what nothing answers.
            return;
        }

        for (var i = 0; i < endpoints.Count; i++)
        {
            rules.Add(Endpoints, string.Create(CultureInfo.InvariantCulture, $"{address} . {i}"), endpoints[i].Address);
        }

        var chain = string.Create(CultureInfo.InvariantCulture, $"whole-pick-{endpoints.Count}");
        rules.Chains[chain] = [string.Create(CultureInfo.InvariantCulture, $"dnat {family.Ip} to {family.Ip} daddr . numgen random mod {endpoints.Count} map @{Endpoints}")];
        rules.Add(Addresses, address, $"goto {chain}");
    }
}
