using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flotilla.Network.Dns;

/// <summary>One record of an answer, its data already in wire form (names inside uncompressed).</summary>
public sealed record DnsRecord(string Name, RecordType Type, int TtlSeconds, byte[] Data)
{
    public static DnsRecord Address(string name, IPAddress address, int ttlSeconds) =>
        new(name, address.AddressFamily == AddressFamily.InterNetwork ? RecordType.A : RecordType.Aaaa, ttlSeconds, address.GetAddressBytes());

    public static DnsRecord Alias(string name, string target, int ttlSeconds) =>
        new(name, RecordType.CName, ttlSeconds, EncodeName(target));

    public static DnsRecord Pointer(string name, string target, int ttlSeconds) =>
        new(name, RecordType.Ptr, ttlSeconds, EncodeName(target));

    public static DnsRecord Text(string name, string text, int ttlSeconds) =>
        new(name, RecordType.Txt, ttlSeconds, [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)]);

    public static DnsRecord Service(string name, ushort weight, int port, string target, int ttlSeconds)
    {
        var host = EncodeName(target);
        var data = new byte[6 + host.Length];
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(2), weight);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), (ushort)port);
        host.CopyTo(data, 6);
        return new DnsRecord(name, RecordType.Srv, ttlSeconds, data);
    }

    /// <summary>The authority of a negative answer; its last field is how long that may be cached.</summary>
    public static DnsRecord Authority(string zone, uint serial, int ttlSeconds)
    {
        byte[] names = [.. EncodeName("ns.dns." + zone), .. EncodeName("hostmaster." + zone)];
        var data = new byte[names.Length + 20];
        names.CopyTo(data, 0);
        ReadOnlySpan<uint> numbers = [serial, 7200, 1800, 86400, (uint)ttlSeconds];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(names.Length + (4 * i)), numbers[i]);
        }

        return new DnsRecord(zone, RecordType.Soa, ttlSeconds, data);
    }

    public static byte[] EncodeName(string name)
    {
        var bytes = new List<byte>(name.Length + 2);
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            // Longer labels cannot be written; names of objects are at most this long.
            var text = Encoding.ASCII.GetBytes(label.Length > 63 ? label[..63] : label);
            bytes.Add((byte)text.Length);
            bytes.AddRange(text);
        }

        bytes.Add(0);
        return [.. bytes];
    }
}
