using System.Net;
using Flotilla.Network.Overlay;
using k8s.Models;

namespace Flotilla.Network.Tests.Overlay;

public sealed class OverlayPlanTests
{
    private static readonly NetworkOptions Options = new() { NodeName = "n1", OverlayName = "over" };
    private static readonly Peer Two = new(IPNetwork.Parse("10.244.1.0/24"), IPAddress.Parse("192.0.2.2"), "0e:58:0a:f4:01:00");

    [Fact]
    public void A_node_is_reached_through_the_overlay_by_what_follows_from_its_range() => Assert.Equal(
        [
            "bridge fdb replace 0e:58:0a:f4:01:00 dev over dst 192.0.2.2 self permanent",
            "ip neigh replace 10.244.1.0 lladdr 0e:58:0a:f4:01:00 dev over nud permanent",
            "ip route replace 10.244.1.0/24 via 10.244.1.0 dev over onlink",
        ],
        Commands(Options, [], [Two]));

    [Fact]
    public void Ranges_of_both_families_lead_to_the_same_end_which_goes_with_the_last_of_them()
    {
        var six = Two with { Pods = IPNetwork.Parse("fd00:10:244:1::/64") };
        Assert.Equal(
            [
                "bridge fdb replace 0e:58:0a:f4:01:00 dev over dst 192.0.2.2 self permanent",
                "ip neigh replace fd00:10:244:1:: lladdr 0e:58:0a:f4:01:00 dev over nud permanent",
                "ip route replace fd00:10:244:1::/64 via fd00:10:244:1:: dev over onlink",
            ],
            Commands(Options, [Two], [Two, six]));
        Assert.DoesNotContain(Commands(Options, [Two, six], [Two]), command => command.StartsWith("bridge", StringComparison.Ordinal));
        Assert.Contains("bridge fdb del 0e:58:0a:f4:01:00 dev over self", Commands(Options, [Two, six], []));
    }

    [Theory]
    [InlineData(Backend.Vxlan, "192.0.2.1", "10.244.1.0/24 192.0.2.2|fd00:10:244:1::/64 192.0.2.2")]
    [InlineData(Backend.Vxlan, "2001:db8::1", "10.244.1.0/24 2001:db8::2|fd00:10:244:1::/64 2001:db8::2")]
    [InlineData(Backend.HostGateway, "192.0.2.1", "10.244.1.0/24 192.0.2.2|fd00:10:244:1::/64 2001:db8::2")]
    public void The_overlay_carries_both_families_over_one_and_next_hops_are_of_their_own(Backend backend, string own, string expected)
    {
        var node = new V1Node
        {
            Spec = new V1NodeSpec { PodCIDR = "10.244.1.0/24", PodCIDRs = ["10.244.1.0/24", "fd00:10:244:1::/64"] },
            Status = new V1NodeStatus { Addresses = [.. new[] { "192.0.2.2", "2001:db8::2" }.Select(address => new V1NodeAddress { Type = "InternalIP", Address = address })] },
        };
        var peers = Peer.For(node, Options with { Backend = backend, NodeAddress = IPAddress.Parse(own) });
        Assert.Equal(expected, string.Join('|', peers.Select(peer => $"{peer.Pods} {peer.Node}")));
        Assert.All(peers, peer => Assert.Equal("0e:58:0a:f4:01:00", peer.Hardware));
    }

    [Fact]
    public void Nodes_without_IPv4_differ_by_the_network_of_their_range() =>
        Assert.Equal("0e:58:02:44:00:03", Peer.HardwareAddressOf(IPNetwork.Parse("fd00:10:244:3::/64")));

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
        Assert.Equal(counts ? [Two] : [], Peer.For(node, Options));
    }

    private static List<string> Commands(NetworkOptions options, Peer[] known, Peer[] wanted) =>
        [.. OverlayPlan.For(options, known, wanted).Commands.Select(command => string.Join(' ', command))];
}
