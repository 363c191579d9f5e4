using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Flotilla.Network.LoadBalancers;

/// <summary>The frames that say where an address is. Pure.</summary>
internal static class Announcement
{
    // Of an ARP frame: after both hardware addresses its type and header; the sender's and the target's addresses follow.
    private const int EtherTypeAt = 12;
    private const int SenderAt = 28;
    private const int TargetAt = 38;
    private const int ArpEnd = 42;
    private static readonly byte[] EtherTypeAndHeader = [0x08, 0x06, 0, 1, 0x08, 0, 6, 4];

    // Of a frame with a neighbour advertisement: the header of IPv6, then the message with its target and the target's hardware address.
    private const int HeaderAt = 14;
    private const int SourceAt = 22;
    private const int MessageAt = 54;
    private const int AdvertisementEnd = 86;
    private const byte Override = 0x20;
    private static readonly byte[] LengthProtocolAndHops = [0, AdvertisementEnd - MessageAt, IcmpV6, 255];
    private const byte IcmpV6 = 58;
    private const byte NeighbourAdvertisement = 136;

    private static readonly byte[] Everybody = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    // All nodes of the link, ff02::1, and the hardware address that follows from it.
    private static readonly byte[] AllNodes = IPAddress.Parse("ff02::1").GetAddressBytes();
    private static readonly byte[] AllNodesHardware = [0x33, 0x33, 0, 0, 0, 1];

    public static IEnumerable<byte[]> FramesFor(IPAddress address, PhysicalAddress hardware) => address.AddressFamily == AddressFamily.InterNetwork
        ? [Arp(address, hardware, isReply: false), Arp(address, hardware, isReply: true)]
        : [Advertisement(address, hardware)];

    /// <summary>What another machine says of itself by such a frame; null: this is none.</summary>
    public static (IPAddress Address, PhysicalAddress Hardware)? ClaimIn(ReadOnlySpan<byte> frame) => ClaimInArp(frame) ?? ClaimInAdvertisement(frame);

    /// <summary>For the kernel (classic BPF, as it lies in memory): of frames of IPv6 only neighbour advertisements of this link.</summary>
    /// <param name="most">Bytes of a frame that are kept.</param>
    public static ulong[] AdvertisementFilter(uint most)
    {
        return [Load(HeaderAt + 6), UnlessSkip(IcmpV6, 5), Load(HeaderAt + 7), UnlessSkip(255, 3), Load(MessageAt), UnlessSkip(NeighbourAdvertisement, 1), Return(most), Return(0)];

        static ulong Load(int at) => 0x30 | ((ulong)at << 32);
        static ulong UnlessSkip(byte value, byte instructions) => 0x15 | ((ulong)instructions << 24) | ((ulong)value << 32);
        static ulong Return(uint kept) => 0x06 | ((ulong)kept << 32);
    }

    // Hops are counted down by routers: 255 is of this link. Who was asked answers without the intent to take over.
    private static (IPAddress Address, PhysicalAddress Hardware)? ClaimInAdvertisement(ReadOnlySpan<byte> frame)
    {
        if (frame.Length != AdvertisementEnd || frame[EtherTypeAt] != 0x86 || frame[EtherTypeAt + 1] != 0xdd || !frame.Slice(HeaderAt + 4, 4).SequenceEqual(LengthProtocolAndHops))
        {
            return null;
        }

        var message = frame[MessageAt..];
        byte[] summed = [.. frame[SourceAt..], 0, 0, 0, (byte)message.Length, 0, 0, 0, IcmpV6];
        return message[0] == NeighbourAdvertisement && message[4] == Override && message[24] == 2 && message[25] == 1 && Checksum(summed) == 0
            ? (new IPAddress(message.Slice(8, 16)), new PhysicalAddress(message[26..].ToArray()))
            : null;
    }

    private static (IPAddress Address, PhysicalAddress Hardware)? ClaimInArp(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < ArpEnd || !frame.Slice(EtherTypeAt, EtherTypeAndHeader.Length).SequenceEqual(EtherTypeAndHeader))
        {
            return null;
        }

        var sender = frame.Slice(SenderAt, 4);
        return sender.SequenceEqual(frame.Slice(TargetAt, 4)) && BinaryPrimitives.ReadUInt32BigEndian(sender) != 0
            ? (new IPAddress(sender), new PhysicalAddress(frame.Slice(SenderAt - 6, 6).ToArray()))
            : null;
    }

    private static byte[] Arp(IPAddress address, PhysicalAddress hardware, bool isReply)
    {
        var (own, bytes) = (hardware.GetAddressBytes(), address.GetAddressBytes());
        return
        [
            .. Everybody, .. own, 0x08, 0x06,
            0, 1, 0x08, 0, 6, 4, 0, (byte)(isReply ? 2 : 1),
            .. own, .. bytes,
            .. isReply ? Everybody : new byte[6], .. bytes,
        ];
    }

    private static byte[] Advertisement(IPAddress address, PhysicalAddress hardware)
    {
        var (own, bytes) = (hardware.GetAddressBytes(), address.GetAddressBytes());

        // Type 136, the override flag, the target, and its hardware address as an option.
        byte[] message = [NeighbourAdvertisement, 0, 0, 0, Override, 0, 0, 0, .. bytes, 2, 1, .. own];
        byte[] pseudo = [.. bytes, .. AllNodes, 0, 0, 0, (byte)message.Length, 0, 0, 0, IcmpV6];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum([.. pseudo, .. message]));
        return
        [
            .. AllNodesHardware, .. own, 0x86, 0xdd,
            0x60, 0, 0, 0, .. LengthProtocolAndHops, .. bytes, .. AllNodes,
            .. message,
        ];
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i < bytes.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        }

        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
