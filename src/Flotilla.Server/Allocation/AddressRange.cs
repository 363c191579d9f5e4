using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Flotilla.Server.Allocation;

/// <summary>A range of IPv4 addresses for Services, which are numbers here.</summary>
public sealed class AddressRange
{
    private readonly uint network;
    private readonly uint size;

    private AddressRange(uint network, uint size)
    {
        this.network = network;
        this.size = size;
    }

    /// <returns>null: not a range of IPv4 addresses.</returns>
    public static AddressRange? Parse(string cidr) =>
        IPNetwork.TryParse(cidr, out var parsed) && parsed.BaseAddress.AddressFamily == AddressFamily.InterNetwork
            ? new AddressRange(ToNumber(parsed.BaseAddress), parsed.PrefixLength == 0 ? uint.MaxValue : 1u << (32 - parsed.PrefixLength))
            : null;

    public bool Contains(uint number) => number >= network && number - network < size;

    /// <summary>Adds an address that is not among <paramref name="taken"/>.</summary>
    /// <returns>null: the range is full.</returns>
    public uint? Take(HashSet<uint> taken) => Take(taken.Add);

    /// <summary>Finds an address that can be taken. The low band is left to those people ask for by number.</summary>
    /// <param name="take">False: it is taken already.</param>
    /// <returns>null: the range is full.</returns>
    public uint? Take(Func<uint, bool> take)
    {
        if (size < 4)
        {
            return null;
        }

        var band = Math.Min(Math.Min(Math.Max(16, size / 16), 256), size - 3);
        var span = size - band - 1;
        var offset = (uint)RandomNumberGenerator.GetInt32((int)Math.Min(span, int.MaxValue));
        for (uint i = 0; i < size - 2; i++)
        {
            var candidate = network + 1 + ((band - 1 + offset + i) % (size - 2));
            if (take(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    public static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var length) && length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;
    }

    public static string ToText(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
