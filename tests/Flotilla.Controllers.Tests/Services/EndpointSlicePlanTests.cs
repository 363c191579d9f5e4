using Flotilla.Controllers.Services;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Services;

public sealed class EndpointSlicePlanTests
{
    [Fact]
    public void A_service_without_pods_has_one_empty_slice()
    {
        var plan = Plan(Examples.Service(), []);
        var slice = Assert.Single(plan.Create);
        Assert.Empty(slice.Endpoints);
        Assert.Empty(slice.Ports);
        Assert.Equal("web-", slice.Metadata.GenerateName);
        Assert.Equal("Service", Assert.Single(slice.Metadata.OwnerReferences).Kind);
        AssertSettled(Examples.Service(), [], plan);
    }

    [Fact]
    public void Ready_serving_and_terminating_are_told_apart()
    {
        var going = Examples.Pod("c");
        going.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        V1Pod[] pods = [Examples.Pod("a"), Examples.Pod("b", ready: false), going, Examples.Pod("d", ip: null), Examples.Pod("e", phase: "Failed")];
        var slice = Assert.Single(Plan(Examples.Service(), pods).Create);

        Assert.Equal(
            ["a True True False", "b False False False", "c False True True"],
            slice.Endpoints.Select(point => $"{point.TargetRef.Name} {point.Conditions.Ready} {point.Conditions.Serving} {point.Conditions.Terminating}"));
        Assert.Equal("node-1", slice.Endpoints[0].NodeName);
        Assert.Equal("zone-of-node-1", slice.Endpoints[0].Zone);
    }

    [Fact]
    public void Publishing_not_ready_addresses_makes_all_of_them_ready()
    {
        var service = Examples.Service();
        service.Spec.PublishNotReadyAddresses = true;
        Assert.True(Assert.Single(Plan(service, [Examples.Pod("a", ready: false)]).Create).Endpoints[0].Conditions.Ready);
    }

    [Fact]
    public void Named_ports_are_looked_up_in_each_pod_and_pods_that_differ_get_slices_of_their_own()
    {
        var service = Examples.Service();
        service.Spec.Ports = [new V1ServicePort { Name = "http", Port = 80, TargetPort = "web", Protocol = "TCP" }];
        var plan = Plan(service, [Examples.Pod("a", port: 8080), Examples.Pod("b", port: 9090), Examples.Pod("c", port: 8080)]);

        Assert.Equal(["8080: a c", "9090: b"], plan.Create
            .Select(slice => $"{slice.Ports[0].Port}: {string.Join(' ', slice.Endpoints.Select(point => point.TargetRef.Name))}").Order());
    }

    [Fact]
    public void More_than_a_hundred_endpoints_are_spread_over_slices_and_later_changes_touch_only_what_they_must()
    {
        var pods = Enumerable.Range(0, 250).Select(number => Examples.Pod($"p{number:000}")).ToList();
        var first = Plan(Examples.Service(), pods);
        Assert.Equal([50, 100, 100], first.Create.Select(slice => slice.Endpoints.Count).Order());

        var existing = Named(first.Create);
        var fewer = EndpointSlicePlan.For(Examples.Service(), pods[1..], existing, Examples.Zone, null);
        Assert.Single(fewer.Update);
        Assert.Empty(fewer.Create);
        Assert.Empty(fewer.Delete);
    }

    [Fact]
    public void The_last_pod_gone_leaves_the_same_slice_empty()
    {
        var existing = Named(Plan(Examples.Service(), [Examples.Pod("a")]).Create);
        var plan = EndpointSlicePlan.For(Examples.Service(), [], existing, Examples.Zone, null);
        var slice = Assert.Single(plan.Update);
        Assert.Equal(existing[0].Metadata.Name, slice.Metadata.Name);
        Assert.Empty(slice.Endpoints);
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Delete);
    }

    [Fact]
    public void Labels_follow_the_service_and_mark_it_as_headless()
    {
        var service = Examples.Service();
        service.Metadata.Labels = new Dictionary<string, string> { ["team"] = "a" };
        service.Spec.ClusterIP = "None";
        var slice = Assert.Single(Plan(service, [Examples.Pod("a")]).Create);
        Assert.Equal(
            ["endpointslice.kubernetes.io/managed-by", "kubernetes.io/service-name", "service.kubernetes.io/headless", "team"],
            slice.Metadata.Labels.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_hostname_counts_only_within_the_services_own_subdomain()
    {
        var pod = Examples.Pod("a");
        pod.Spec.Hostname = "zero";
        pod.Spec.Subdomain = "web";
        var other = Examples.Pod("b");
        other.Spec.Hostname = "one";
        Assert.Equal(["zero", null], Assert.Single(Plan(Examples.Service(), [pod, other]).Create).Endpoints.Select(point => point.Hostname));
    }

    [Theory]
    [InlineData(null, false, false)]
    [InlineData("PreferClose", true, false)]
    [InlineData("PreferSameZone", true, false)]
    [InlineData("PreferSameNode", true, true)]
    public void Who_prefers_what_is_near_gets_hints_to_ready_endpoints(string? distribution, bool zones, bool nodes)
    {
        var service = Examples.Service();
        service.Spec.TrafficDistribution = distribution;
        V1Pod[] pods = [Examples.Pod("a"), Examples.Pod("b", ready: false)];
        var plan = Plan(service, pods);
        var endpoints = Assert.Single(plan.Create).Endpoints;
        var node = pods[0].Spec.NodeName;
        Assert.Equal(zones ? [Examples.Zone(node)] : [], endpoints[0].Hints?.ForZones?.Select(zone => zone.Name) ?? []);
        Assert.Equal(nodes ? [node] : [], endpoints[0].Hints?.ForNodes?.Select(one => one.Name) ?? []);
        Assert.Null(endpoints[1].Hints);
        AssertSettled(service, pods, plan);

        // The wish may come later.
        var update = Assert.Single(EndpointSlicePlan.For(service, pods, Named(Plan(Examples.Service(), pods).Create), Examples.Zone, null).Update.DefaultIfEmpty(null));
        Assert.Equal(zones, update is not null);
    }

    [Fact]
    public void What_is_right_is_left_alone()
    {
        V1Pod[] pods = [Examples.Pod("a"), Examples.Pod("b", ready: false)];
        AssertSettled(Examples.Service(), pods, Plan(Examples.Service(), pods));
    }

    private static void AssertSettled(V1Service service, V1Pod[] pods, EndpointSlicePlan plan)
    {
        var again = EndpointSlicePlan.For(service, pods, Named(plan.Create), Examples.Zone, null);
        Assert.Empty(again.Create);
        Assert.Empty(again.Update);
        Assert.Empty(again.Delete);
    }

    private static EndpointSlicePlan Plan(V1Service service, IReadOnlyCollection<V1Pod> pods) =>
        EndpointSlicePlan.For(service, pods, [], Examples.Zone, null);

    private static List<V1EndpointSlice> Named(IEnumerable<V1EndpointSlice> slices) =>
        [.. slices.Select((slice, number) => slice with { Metadata = slice.Metadata with { Name = $"web-{number}", Uid = $"{number}" } })];
}
