using System.Net;
using System.Net.NetworkInformation;
using Flotilla.Linux.Commands;
using Flotilla.Network.LoadBalancers;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Frames on a real link. Needs root.</summary>
public sealed class NeighboursTests : IAsyncLifetime
{
    private const string Here = "fltnet-n0";
    private const string There = "fltnet-n1";
    private readonly HostCommands commands = new();

    public async ValueTask InitializeAsync()
    {
        await commands.DoAsync("ip", ["link", "add", Here, "type", "veth", "peer", "name", There], default);
        await commands.DoAsync("ip", ["link", "set", Here, "up"], default);
        await commands.DoAsync("ip", ["link", "set", There, "up"], default);
    }

    public async ValueTask DisposeAsync() => await commands.DoAsync("ip", ["link", "delete", Here], default);

    [Fact]
    public async Task Another_machine_is_heard_that_says_it_has_an_address_of_either_family()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        HashSet<IPAddress> expected = [IPAddress.Parse("192.168.78.100"), IPAddress.Parse("fd00:78::100")];
        var own = NetworkInterface.GetAllNetworkInterfaces().Single(link => link.Name == There).GetPhysicalAddress();
        await using var telling = new Timer(
            _ =>
            {
                Send(IPAddress.Parse("192.168.78.99"), own);
                Send(IPAddress.Parse("fd00:78::99"), own);
                foreach (var address in expected)
                {
                    Send(address, PhysicalAddress.Parse("02-00-00-00-00-07"));
                }
            },
            null,
            TimeSpan.Zero,
            TimeSpan.FromMilliseconds(100));
        HashSet<IPAddress> heard = [];
        await foreach (var address in new Neighbours(null).ClaimsAsync(limit.Token))
        {
            // Others may speak on this machine's links.
            Assert.DoesNotContain("78::99", address.ToString(), StringComparison.Ordinal);
            Assert.NotEqual(IPAddress.Parse("192.168.78.99"), address);
            heard.Add(address);
            if (heard.IsSupersetOf(expected))
            {
                return;
            }
        }
    }

    private static void Send(IPAddress address, PhysicalAddress hardware)
    {
        var link = NetworkInterface.GetAllNetworkInterfaces().Single(link => link.Name == Here);
        using var socket = Neighbours.PacketSocket();
        foreach (var frame in Announcement.FramesFor(address, hardware))
        {
            socket.SendTo(frame, new LinkEndPoint(link.GetIPProperties().GetIPv6Properties().Index));
        }
    }
}
