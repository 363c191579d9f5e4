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

    private static readonly byte[] Everybody = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    // All nodes of the link, ff02::1, and the hardware address that follows from it.
    private static readonly byte[] AllNodes = IPAddress.Parse("ff02::1").GetAddressBytes();
    private static readonly byte[] AllNodesHardware = [0x33, 0x33, 0, 0, 0, 1];

    public static IEnumerable<byte[]> FramesFor(IPAddress address, PhysicalAddress hardware) => address.AddressFamily == AddressFamily.InterNetwork
        ? [Arp(address, hardware, isReply: false), Arp(address, hardware, isReply: true)]
        : [Advertisement(address, hardware)];

    /// <summary>What another machine says of itself by such a frame; null: this is none, or of IPv6.</summary>
    public static (IPAddress Address, PhysicalAddress Hardware)? ClaimIn(ReadOnlySpan<byte> frame)
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
        byte[] message = [136, 0, 0, 0, 0x20, 0, 0, 0, .. bytes, 2, 1, .. own];
        byte[] pseudo = [.. bytes, .. AllNodes, 0, 0, 0, (byte)message.Length, 0, 0, 0, 58];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum([.. pseudo, .. message]));
        return
        [
            .. AllNodesHardware, .. own, 0x86, 0xdd,
            0x60, 0, 0, 0, 0, (byte)message.Length, 58, 255, .. bytes, .. AllNodes,
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
