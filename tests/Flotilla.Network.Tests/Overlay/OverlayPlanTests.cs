using System.Net;
using Flotilla.Network.Overlay;
using k8s.Models;

namespace Flotilla.Network.Tests.Overlay;

public sealed class OverlayPlanTests
{
    private static readonly NetworkOptions Options = new() { NodeName = "n1", OverlayName = "over" };
    private static readonly Peer Two = new(IPNetwork.Parse("10.244.1.0/24"), IPAddress.Parse("192.0.2.2"));

    [Fact]
    public void A_node_is_reached_through_the_overlay_by_what_follows_from_its_range() => Assert.Equal(
        [
            "bridge fdb replace 0e:58:0a:f4:01:00 dev over dst 192.0.2.2 self permanent",
            "ip neigh replace 10.244.1.0 lladdr 0e:58:0a:f4:01:00 dev over nud permanent",
            "ip route replace 10.244.1.0/24 via 10.244.1.0 dev over onlink",
        ],
        Commands(Options, [], [Two]));

    [Fact]
    public void Without_an_overlay_it_is_reached_by_its_address()
    {
        var options = Options with { Backend = Backend.HostGateway };
        Assert.Equal(["ip route replace 10.244.1.0/24 via 192.0.2.2"], Commands(options, [], [Two]));
        Assert.Equal(["ip route del 10.244.1.0/24"], Commands(options, [Two], []));
    }

    [Fact]
    public void What_stays_is_not_touched_and_what_went_is_removed()
    {
        Assert.Empty(Commands(Options, [Two], [Two]));
        Assert.Equal("ip route del 10.244.1.0/24 dev over", Commands(Options, [Two], [])[0]);
    }

    [Fact]
    public void A_node_with_another_address_is_changed_in_place()
    {
        var commands = Commands(Options, [Two], [Two with { Node = IPAddress.Parse("192.0.2.9") }]);
        Assert.Equal(3, commands.Count);
        Assert.All(commands, command => Assert.Contains(" replace ", command, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.244.1.0/24", "192.0.2.2", true)]
    [InlineData(null, "192.0.2.2", false)]
    [InlineData("10.244.1.0/24", null, false)]
    public void A_node_counts_when_it_has_a_range_and_an_address(string? range, string? address, bool counts)
    {
        var node = new V1Node
        {
            Spec = new V1NodeSpec { PodCIDR = range },
            Status = new V1NodeStatus { Addresses = address is null ? [] : [new V1NodeAddress { Type = "InternalIP", Address = address }] },
        };
        Assert.Equal(counts ? Two : null, Peer.For(node));
    }

    private static List<string> Commands(NetworkOptions options, Peer[] known, Peer[] wanted) =>
        [.. OverlayPlan.For(options, known, wanted).Commands.Select(command => string.Join(' ', command))];
}
