using Flotilla.Client;
using Flotilla.Controllers.LoadBalancers;
using k8s.Models;

namespace Flotilla.Controllers.Tests.LoadBalancers;

public sealed class BalancerPlanTests
{
    private static readonly V1Node[] Nodes = [Balancers.Node("n1", "192.168.0.1"), Balancers.Node("n2", "192.168.0.2"), Balancers.Node("n3", "192.168.0.3", ready: false)];

    [Fact]
    public void Without_a_pool_a_service_is_reached_at_every_node_that_is_ready() =>
        Assert.Equal("192.168.0.1 192.168.0.2", Text(Plan(Balancers.Service("web"), "")));

    [Fact]
    public void A_node_is_left_out_that_says_so_and_outer_addresses_are_preferred()
    {
        var nodes = new[] { Balancers.Node("n1", "192.168.0.1"), Balancers.Node("n2", "192.168.0.2") };
        nodes[0].Metadata.Labels["node.kubernetes.io/exclude-from-external-load-balancers"] = "";
        nodes[1].Status.Addresses.Add(new V1NodeAddress { Type = "ExternalIP", Address = "203.0.113.2" });

        Assert.Equal("203.0.113.2", Text(Plan(Balancers.Service("web"), "", nodes: nodes)));
    }

    [Fact]
    public void With_policy_local_only_nodes_with_endpoints_answer()
    {
        var local = Balancers.Service("web", with: service => service.Spec.ExternalTrafficPolicy = "Local");

        Assert.Equal("192.168.0.2", Text(Plan(local, "", endpoints: "n2")));
        Assert.Equal("NoNodes", Plan(local, "").Reason);
        Assert.Equal("n2", Plan(local, "10.0.0.1", endpoints: "n2").Node);
        Assert.Equal("n2", Plan(Balancers.Service("web", 80, service => service.Spec.ExternalTrafficPolicy = "Local", "10.0.0.1").On("n1"), "10.0.0.1", endpoints: "n2").Node);
    }

    [Fact]
    public void A_port_belongs_to_who_had_it_first_and_never_to_nobody_where_it_is_the_nodes_own()
    {
        var first = Balancers.Service("first", 8080, null, "192.168.0.1", "192.168.0.2");

        Assert.Contains("held by service default/first", Plan(Balancers.Service("second", 8080), "", others: first).Message, StringComparison.Ordinal);
        Assert.Equal("192.168.0.1 192.168.0.2", Text(Plan(Balancers.Service("second", 8081), "", others: first)));
        Assert.Equal("PortInUse", Plan(Balancers.Service("shell", 22), "").Reason);
    }

    [Fact]
    public void Ingress_and_balancers_leave_each_other_what_the_other_one_has()
    {
        V1Node[] nodes = [Balancers.Node("n1", "192.168.0.1"), Balancers.Node("n2", "192.168.0.2")];
        nodes[0].Metadata.Annotations[LoadBalancing.IngressPortsAnnotation] = "80=8080,443";

        Assert.Equal("192.168.0.2", Text(Plan(Balancers.Service("web", 443), "", nodes: nodes)));
        Assert.Equal("192.168.0.1 192.168.0.2", Text(Plan(Balancers.Service("web", 80), "", nodes: nodes)));
        Assert.Equal("192.168.0.1 192.168.0.2", Text(Plan(Balancers.Service("web", 443, null, "192.168.0.1"), "", nodes: nodes)));
    }

    [Fact]
    public void An_address_of_the_pool_is_one_services_and_stays()
    {
        var first = Balancers.Service("first", 80, null, "10.0.0.1").On("n1");

        Assert.Equal("10.0.0.2", Text(Plan(Balancers.Service("second"), "10.0.0.1-10.0.0.3", others: first)));
        Assert.Equal("10.0.0.3", Text(Plan(Balancers.Service("second", 80, null, "10.0.0.3"), "10.0.0.1-10.0.0.3", others: first)));
        Assert.Equal("10.0.0.2", Text(Plan(Balancers.Service("second", 80, null, "10.9.9.9"), "10.0.0.1-10.0.0.3", others: first)));
    }

    [Fact]
    public void Nobody_gets_an_address_when_all_are_in_use()
    {
        var plan = Plan(Balancers.Service("second"), "10.0.0.1", others: Balancers.Service("first", 80, null, "10.0.0.1"));

        Assert.Equal("PoolExhausted", plan.Reason);
        Assert.Empty(plan.Addresses);
    }

    [Theory]
    [InlineData("10.0.0.3", "Assigned")]
    [InlineData("10.0.0.1", "AddressInUse")]
    [InlineData("10.0.9.1", "AddressNotInPool")]
    [InlineData("here", "AddressNotInPool")]
    public void A_wanted_address_is_given_if_it_can_be(string wanted, string reason)
    {
        var first = Balancers.Service("first", 80, null, "10.0.0.1");
        var byField = Plan(Balancers.Service("web", 80, service => service.Spec.LoadBalancerIP = wanted), "10.0.0.1-10.0.0.3", others: first);
        var byAnnotation = Plan(Balancers.Service("web", 80, service => service.Metadata.Annotations[LoadBalancing.WantedAnnotation] = wanted), "10.0.0.1-10.0.0.3", others: first);

        Assert.Equal(reason, byField.Reason);
        Assert.Equal((byField.Message, Text(byField)), (byAnnotation.Message, Text(byAnnotation)));
    }

    [Fact]
    public void The_node_that_answers_stays_while_it_is_ready_and_the_least_busy_one_follows_it()
    {
        var busy = Balancers.Service("busy", 80, null, "10.0.0.9").On("n1");

        Assert.Equal("n1", Plan(Balancers.Service("web", 80, null, "10.0.0.1").On("n1"), "10.0.0.1-10.0.0.9", others: busy).Node);
        Assert.Equal("n2", Plan(Balancers.Service("web", 80, null, "10.0.0.1").On("n3"), "10.0.0.1-10.0.0.9", others: busy).Node);
    }

    [Fact]
    public void Two_families_get_an_address_each()
    {
        var dual = Balancers.Service("web", with: service => service.Spec.IpFamilies = ["IPv6", "IPv4"]);

        Assert.Equal("fd00::7 10.0.0.1", Text(Plan(dual, "10.0.0.1,fd00::7")));
        Assert.Equal("10.0.0.1", Text(Plan(dual, "10.0.0.1")));
        Assert.Equal("PoolExhausted", Plan(Balancers.Service("six", with: service => service.Spec.IpFamilies = ["IPv6"]), "10.0.0.1").Reason);
    }

    [Theory]
    [InlineData("LoadBalancer", null, true)]
    [InlineData("LoadBalancer", LoadBalancing.Class, true)]
    [InlineData("LoadBalancer", "example.com/other", false)]
    [InlineData("NodePort", null, false)]
    public void Classes_of_others_are_left_alone(string type, string? name, bool expected) =>
        Assert.Equal(expected, BalancedService.IsOurs(Balancers.Service("web", with: service => (service.Spec.Type, service.Spec.LoadBalancerClass) = (type, name))));

    private static string Text(BalancerPlan plan) => string.Join(' ', plan.Addresses);

    private static BalancerPlan Plan(V1Service service, string pool, V1Service? others = null, string endpoints = "", V1Node[]? nodes = null) => BalancerPlan.For(
        service, others is null ? [] : [others], AddressPool.Parse(pool), [.. (nodes ?? Nodes).Select(BalancerNode.For)], endpoints.Split(' ').ToHashSet(), new HashSet<int> { 22 });
}
