using System.Buffers.Binary;
using System.Net;
using Flotilla.Api.Networks;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>Blocks of addresses of one family without their exceptions, as ranges that do not overlap: nft refuses those that do.</summary>
internal static class AddressRanges
{
    /// <summary>Like <c>10.0.0.0-10.0.0.255</c>, sorted; blocks of another family are left out.</summary>
    public static List<string> For(Family family, IEnumerable<V1IPBlock> blocks)
    {
        List<(UInt128 First, UInt128 Last)> all = [];
        foreach (var block in blocks)
        {
            if (Parse(family, block.Cidr) is { } whole)
            {
                all.AddRange((block.Except ?? []).Select(hole => Parse(family, hole)).OfType<(UInt128 First, UInt128 Last)>().Aggregate(
                    (IEnumerable<(UInt128 First, UInt128 Last)>)[whole], (left, hole) => left.SelectMany(part => Without(part, hole))));
            }
        }

        return [.. Merge(all).Select(range => range.First == range.Last ? Text(family, range.First) : $"{Text(family, range.First)}-{Text(family, range.Last)}")];
    }

    private static IEnumerable<(UInt128 First, UInt128 Last)> Without((UInt128 First, UInt128 Last) range, (UInt128 First, UInt128 Last) hole)
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

    private static List<(UInt128 First, UInt128 Last)> Merge(List<(UInt128 First, UInt128 Last)> ranges)
    {
        List<(UInt128 First, UInt128 Last)> merged = [];
        foreach (var range in ranges.Order())
        {
            if (merged is [.., var last] && (range.First <= last.Last || range.First == last.Last + 1))
            {
                merged[^1] = (last.First, UInt128.Max(last.Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    private static (UInt128 First, UInt128 Last)? Parse(Family family, string cidr)
    {
        if (!IPNetwork.TryParse(cidr, out var network) || !family.Has(network.BaseAddress))
        {
            return null;
        }

        // Shifting by all bits would shift by none.
        var (first, hostBits) = (AddressNumber.Of(network.BaseAddress), family.Bits - network.PrefixLength);
        return (first, hostBits == 128 ? UInt128.MaxValue : first + (UInt128.One << hostBits) - 1);
    }

    private static string Text(Family family, UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bytes[^(family.Bits / 8)..]).ToString();
    }
}
