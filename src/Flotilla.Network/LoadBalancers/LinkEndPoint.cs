using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Flotilla.Network.LoadBalancers;

/// <summary>A device as the destination of whole frames: the kernel's <c>sockaddr_ll</c>.</summary>
internal sealed class LinkEndPoint(int index) : EndPoint
{
    private const int Size = 20;
    private const int IndexAt = 4;
    private const int HardwareLengthAt = 11;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, Size);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, index);
        for (var i = 0; i < number.Length; i++)
        {
            address[IndexAt + i] = number[BitConverter.IsLittleEndian ? i : number.Length - 1 - i];
        }

        address[HardwareLengthAt] = 6;
        return address;
    }
}
