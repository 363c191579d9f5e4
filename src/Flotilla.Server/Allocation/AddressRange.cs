using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Flotilla.Api.Networks;

namespace Flotilla.Server.Allocation;

/// <summary>A range of addresses for Services. They are numbers here, those of IPv4 as they are mapped into IPv6.</summary>
public sealed class AddressRange
{
    private readonly UInt128 network;
    private readonly UInt128 size;

    private AddressRange(UInt128 network, UInt128 size, AddressFamily family)
    {
        this.network = network;
        this.size = size;
        Family = family;
    }

    public AddressFamily Family { get; }

    /// <returns>null: not a range of addresses.</returns>
    public static AddressRange? Parse(string cidr)
    {
        if (!IPNetwork.TryParse(cidr, out var parsed))
        {
            return null;
        }

        var family = parsed.BaseAddress.AddressFamily;
        var bits = (family == AddressFamily.InterNetworkV6 ? 128 : 32) - parsed.PrefixLength;
        return new AddressRange(AddressNumber.Of(parsed.BaseAddress), bits == 128 ? UInt128.MaxValue : UInt128.One << bits, family);
    }

    public bool Contains(UInt128 number) => number >= network && number - network < size;

    /// <summary>Adds an address that is not among <paramref name="taken"/>.</summary>
    /// <returns>null: the range is full.</returns>
    public UInt128? Take(HashSet<UInt128> taken) => Take(taken.Add);

    /// <summary>Finds an address that can be taken. The low band is left to those people ask for by number.</summary>
    /// <param name="take">False: it is taken already.</param>
    /// <returns>null: the range is full.</returns>
    public UInt128? Take(Func<UInt128, bool> take)
    {
        if (size < 4)
        {
            return null;
        }

        var band = UInt128.Min(UInt128.Min(UInt128.Max(16, size / 16), 256), size - 3);
        var span = size - band - 1;
        var offset = (UInt128)RandomNumberGenerator.GetInt32((int)UInt128.Min(span, int.MaxValue));
        for (UInt128 i = 0; i < size - 2; i++)
        {
            var candidate = network + 1 + ((band - 1 + offset + i) % (size - 2));
            if (take(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
