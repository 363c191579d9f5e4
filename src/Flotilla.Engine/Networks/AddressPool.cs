using System.Buffers.Binary;
using System.Net;

namespace Flotilla.Engine.Networks;

/// <summary>Which addresses are free. Pure: those in use are told.</summary>
internal static class AddressPool
{
    private static readonly IPNetwork[] Subnets =
    [
        .. Enumerable.Range(17, 15).Select(second => IPNetwork.Parse($"172.{second}.0.0/16")),
        .. Enumerable.Range(0, 16).Select(third => IPNetwork.Parse($"192.168.{third * 16}.0/20")),
    ];

    /// <returns>null: all are taken.</returns>
    public static IPNetwork? NextSubnet(IReadOnlyCollection<IPNetwork> taken) =>
        Subnets.Where(candidate => !taken.Any(other => Overlap(candidate, other))).Select(network => (IPNetwork?)network).FirstOrDefault();

    /// <summary>The first free one; a subnet's own address and the one for everybody in it are nobody's.</summary>
    /// <param name="range">A part of the subnet, or all of it.</param>
    /// <returns>null: the range is used up.</returns>
    public static IPAddress? NextAddress(IPNetwork subnet, IPNetwork range, IReadOnlySet<string> taken)
    {
        var everybody = At(subnet, (uint)((1L << (32 - subnet.PrefixLength)) - 1));
        for (var offset = 0L; offset < 1L << (32 - range.PrefixLength); offset++)
        {
            var candidate = At(range, (uint)offset);
            if (!candidate.Equals(subnet.BaseAddress) && !candidate.Equals(everybody) && !taken.Contains(candidate.ToString()))
            {
                return candidate;
            }
        }

        return null;
    }

    public static IPAddress At(IPNetwork range, uint offset)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) + offset);
        return new IPAddress(bytes);
    }

    public static bool Overlap(IPNetwork one, IPNetwork other) => one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress);

    /// <summary>As docker derives it: the address in a range of vendors' own.</summary>
    public static string MacOf(IPAddress address) => "02:42:" + string.Join(':', address.GetAddressBytes().Select(part => part.ToString("x2", null)));
}
