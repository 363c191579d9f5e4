using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Flotilla.Network.LoadBalancers;

/// <summary>The machines on the same link.</summary>
public interface INeighbours
{
    /// <summary>An address is here from now on; who knew it elsewhere forgets that.</summary>
    /// <exception cref="SocketException">The link does not take it.</exception>
    void Tell(IPAddress address);

    /// <summary>The device that leads to those who would ask for the address; null: there is none.</summary>
    string? LinkOf(IPAddress address);

    /// <summary>Addresses of which another machine says that they are there from now on.</summary>
    /// <exception cref="SocketException">The kernel lets nobody listen.</exception>
    /// <exception cref="NetworkInformationException">The kernel does not tell its devices.</exception>
    IAsyncEnumerable<IPAddress> ClaimsAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Those on the link whose network an address belongs to, else on the one that leads to other nodes. They are told as RFC
/// 5227 and RFC 4861 have it: by an unasked ARP request and reply, or an unasked neighbour advertisement.
/// </summary>
/// <param name="node">The machine's own address.</param>
/// <param name="aside">Devices that lead to no neighbours.</param>
public sealed class Neighbours(IPAddress? node, params IReadOnlyList<string> aside) : INeighbours
{
    private const int MostOfAFrame = 128;

    // Each is told several times.
    private const int MostUnheard = 64;
    private const int SocketLevel = 1;
    private const int AttachFilter = 26;
    private static readonly int ArpInNetworkOrder = BitConverter.IsLittleEndian ? 0x0608 : 0x0806;
    private static readonly int Ipv6InNetworkOrder = BitConverter.IsLittleEndian ? 0xdd86 : 0x86dd;

    public void Tell(IPAddress address)
    {
        if (LinkFor(address) is not { } link)
        {
            return;
        }

        using var socket = PacketSocket();
        foreach (var frame in Announcement.FramesFor(address, link.GetPhysicalAddress()))
        {
            socket.SendTo(frame, new LinkEndPoint(IndexOf(link)));
        }
    }

    public string? LinkOf(IPAddress address) => LinkFor(address)?.Name;

    public async IAsyncEnumerable<IPAddress> ClaimsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var requests = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)ArpInNetworkOrder);
        using var advertisements = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)Ipv6InNetworkOrder);
        HearOnlyAdvertisements(advertisements);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var heard = Channel.CreateBounded<IPAddress>(new BoundedChannelOptions(MostUnheard) { FullMode = BoundedChannelFullMode.DropOldest });
        var listening = Task.WhenAll(HearAsync(requests, heard.Writer, over.Token), HearAsync(advertisements, heard.Writer, over.Token));
        try
        {
            await foreach (var address in heard.Reader.ReadAllAsync(cancellationToken))
            {
                yield return address;
            }
        }
        finally
        {
            await over.CancelAsync();
            await listening;
        }
    }

    /// <summary>Until it is cancelled; what goes wrong ends the channel.</summary>
    private static async Task HearAsync(Socket socket, ChannelWriter<IPAddress> heard, CancellationToken cancellationToken)
    {
        var frame = new byte[MostOfAFrame];
        try
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(frame, cancellationToken);
                if (Announcement.ClaimIn(frame.AsSpan(0, length)) is { } claim && !NetworkInterface.GetAllNetworkInterfaces().Any(link => link.GetPhysicalAddress().Equals(claim.Hardware)))
                {
                    await heard.WriteAsync(claim.Address, cancellationToken);
                }
            }
        }
        catch (Exception end) when (end is SocketException or NetworkInformationException or OperationCanceledException)
        {
            heard.TryComplete(end);
        }
    }

    // All of a node's traffic of IPv6 would come here otherwise.
    private static void HearOnlyAdvertisements(Socket socket)
    {
        var program = Announcement.AdvertisementFilter(MostOfAFrame);
        var held = GCHandle.Alloc(program, GCHandleType.Pinned);
        try
        {
            // The kernel's sock_fprog: how many instructions, and where they are. It copies them.
            Span<nint> option = [program.Length, held.AddrOfPinnedObject()];
            socket.SetRawSocketOption(SocketLevel, AttachFilter, MemoryMarshal.AsBytes(option));
        }
        finally
        {
            held.Free();
        }
    }

    internal static Socket PacketSocket() => new(AddressFamily.Packet, SocketType.Raw, 0);

    private NetworkInterface? LinkFor(IPAddress address)
    {
        var links = NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.OperationalStatus == OperationalStatus.Up && link.GetPhysicalAddress().GetAddressBytes().Length == 6 && !aside.Contains(link.Name, StringComparer.Ordinal))
            .ToList();
        return links.Find(link => Addresses(link).Any(own => new IPNetwork(Mask(own.Address, own.PrefixLength), own.PrefixLength) is var network && own.PrefixLength > 0 && network.Contains(address)))
            ?? links.Find(link => Addresses(link).Any(own => own.Address.Equals(node)));
    }

    private static UnicastIPAddressInformationCollection Addresses(NetworkInterface link) => link.GetIPProperties().UnicastAddresses;

    private static int IndexOf(NetworkInterface link) =>
        link.Supports(NetworkInterfaceComponent.IPv4) ? link.GetIPProperties().GetIPv4Properties().Index : link.GetIPProperties().GetIPv6Properties().Index;

    private static IPAddress Mask(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var bits = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - bits));
        }

        return new IPAddress(bytes);
    }
}
