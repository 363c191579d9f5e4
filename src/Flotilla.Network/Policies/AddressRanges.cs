using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>Blocks of IPv4 addresses without their exceptions, as ranges that do not overlap: nft refuses those that do.</summary>
internal static class AddressRanges
{
    /// <summary>Like <c>10.0.0.0-10.0.0.255</c>, sorted; blocks of another family are left out.</summary>
    public static List<string> For(IEnumerable<V1IPBlock> blocks)
    {
        List<(uint First, uint Last)> all = [];
        foreach (var block in blocks)
        {
            if (Parse(block.Cidr) is { } whole)
            {
                all.AddRange((block.Except ?? []).Select(Parse).OfType<(uint First, uint Last)>().Aggregate(
                    (IEnumerable<(uint First, uint Last)>)[whole], (left, hole) => left.SelectMany(part => Without(part, hole))));
            }
        }

        return [.. Merge(all).Select(range => range.First == range.Last ? Text(range.First) : $"{Text(range.First)}-{Text(range.Last)}")];
    }

    private static IEnumerable<(uint First, uint Last)> Without((uint First, uint Last) range, (uint First, uint Last) hole)
    {
        if (hole.Last < range.First || hole.First > range.Last)
        {
            yield return range;
            yield break;
        }

        if (hole.First > range.First)
        {
            yield return (range.First, hole.First - 1);
        }

        if (hole.Last < range.Last)
        {
            yield return (hole.Last + 1, range.Last);
        }
    }

    private static List<(uint First, uint Last)> Merge(List<(uint First, uint Last)> ranges)
    {
        List<(uint First, uint Last)> merged = [];
        foreach (var range in ranges.Order())
        {
            if (merged is [.., var last] && (range.First <= last.Last || range.First == last.Last + 1))
            {
                merged[^1] = (last.First, Math.Max(last.Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    private static (uint First, uint Last)? Parse(string cidr)
    {
        if (!IPNetwork.TryParse(cidr, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
        {
            return null;
        }

        var first = BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes());

        // In 64 bits, because shifting by all of 32 would shift by none.
        return (first, first | (uint)((ulong)uint.MaxValue >> network.PrefixLength));
    }

    private static string Text(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
