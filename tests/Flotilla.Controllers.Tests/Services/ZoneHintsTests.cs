using Flotilla.Controllers.Services;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Services;

public sealed class ZoneHintsTests
{
    [Theory]
    [InlineData("a a b b", "a=4 b=4", "a a b b")]
    [InlineData("a a a b", "a=4 b=4", "b a a b")]
    [InlineData("a a a a", "a=4 b=4", "b b a a")]
    [InlineData("a a a a b b", "a=2 b=4", "b b a a b b")]
    [InlineData("a a b b b c", "a=4 b=4 c=4", "a a c b b c")]
    public void Each_zone_gets_endpoints_in_proportion_to_its_processors_first_its_own(string endpoints, string zones, string expected)
    {
        var all = Endpoints(endpoints);

        Assert.Null(ZoneHints.Set(all, Shares(zones)));
        Assert.Equal(expected, string.Join(' ', all.Select(endpoint => endpoint.Hints.ForZones.Single().Name)));
    }

    [Theory]
    [InlineData("a", "a=4 b=4", "Insufficient number of endpoints (1 endpoints, 2 zones)")]
    [InlineData("a a", "a=4", "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes")]
    [InlineData("a b", "a=4 b=4 =2", "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes")]
    [InlineData("a b - a", "a=4 b=4", "One or more endpoints do not have a zone specified")]
    [InlineData("a a b", "a=4 b=4", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)")]
    [InlineData("a b", "a=8 b=1", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)")]
    public void Nobody_gets_hints_where_they_would_do_harm(string endpoints, string zones, string expected)
    {
        var all = Endpoints(endpoints);
        all[0].Hints = new V1EndpointHints { ForZones = [new V1ForZone { Name = "old" }] };

        Assert.Equal(expected, ZoneHints.Set(all, Shares(zones)));
        Assert.All(all, endpoint => Assert.Null(endpoint.Hints));
    }

    [Fact]
    public void Endpoints_that_are_not_ready_get_none_and_nodes_apart_do_not_count()
    {
        var all = Endpoints("a b a");
        all[2].Conditions.Ready = false;
        var nodes = Nodes("a=4 b=4 c=9").ToList();
        nodes[2].Metadata.Labels["node-role.kubernetes.io/control-plane"] = "";

        Assert.Null(ZoneHints.Set(all, ZoneShares.For(nodes)));
        Assert.Null(all[2].Hints);
    }

    [Theory]
    [InlineData("service.kubernetes.io/topology-mode", "Auto", true)]
    [InlineData("service.kubernetes.io/topology-aware-hints", "auto", true)]
    [InlineData("service.kubernetes.io/topology-mode", "Disabled", false)]
    public void A_service_says_whether_it_wants_them(string annotation, string value, bool expected)
    {
        var service = Examples.Service();
        service.Metadata.Annotations = new Dictionary<string, string> { [annotation] = value };
        Assert.Equal(expected, ZoneHints.AreWanted(service));
    }

    private static List<V1Endpoint> Endpoints(string zones) =>
        [.. zones.Split(' ').Select(zone => new V1Endpoint { Addresses = ["10.0.0.1"], Zone = zone == "-" ? null : zone, Conditions = new V1EndpointConditions { Ready = true } })];

    private static ZoneShares Shares(string zones) => ZoneShares.For(Nodes(zones));

    private static IEnumerable<V1Node> Nodes(string zones) => zones.Split(' ').Select(zone => zone.Split('=')).Select(zone => new V1Node
    {
        Metadata = new V1ObjectMeta { Labels = zone[0].Length == 0 ? new Dictionary<string, string>() : new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = zone[0] } },
        Status = new V1NodeStatus
        {
            Allocatable = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(zone[1]) },
            Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }],
        },
    });
}
