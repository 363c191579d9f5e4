using System.Buffers.Binary;
using System.Net;

namespace Flotilla.Controllers.Nodes;

/// <summary>The lowest range of the cluster's that no node has. IPv4.</summary>
internal static class PodRangePlan
{
    private const int PrefixLength = 24;

    /// <returns>null: none is left.</returns>
    public static string? Next(string cluster, IEnumerable<string> taken)
    {
        var network = IPNetwork.Parse(cluster);
        var first = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes());
        var prefix = Math.Max(PrefixLength, network.PrefixLength);
        var used = taken.ToHashSet(StringComparer.Ordinal);
        var bytes = new byte[4];
        for (long number = 0; number < 1L << (prefix - network.PrefixLength); number++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(first + (number << (32 - prefix))));
            var range = $"{new IPAddress(bytes)}/{prefix}";
            if (!used.Contains(range))
            {
                return range;
            }
        }

        return null;
    }
}
