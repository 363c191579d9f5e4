using System.Net;
using System.Net.Sockets;
using Flotilla.Api.Networks;

namespace Flotilla.Controllers.Nodes;

/// <summary>The lowest range of the cluster's that no node has.</summary>
internal static class PodRangePlan
{
    private const int PrefixLength4 = 24;
    private const int PrefixLength6 = 64;

    /// <returns>null: none is left.</returns>
    public static string? Next(string cluster, IEnumerable<string> taken)
    {
        var network = IPNetwork.Parse(cluster);
        var isVersion6 = network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;
        var prefix = Math.Max(isVersion6 ? PrefixLength6 : PrefixLength4, network.PrefixLength);
        var shift = (isVersion6 ? 128 : 32) - prefix;
        var first = AddressNumber.Of(network.BaseAddress);
        var used = taken.ToHashSet(StringComparer.Ordinal);

        // Of what is taken and one more, one must be free.
        var count = UInt128.Min(UInt128.One << (prefix - network.PrefixLength), (UInt128)used.Count + 1);
        for (UInt128 number = 0; number < count; number++)
        {
            var range = $"{AddressNumber.ToAddress(first + (number << shift))}/{prefix}";
            if (!used.Contains(range))
            {
                return range;
            }
        }

        return null;
    }
}
