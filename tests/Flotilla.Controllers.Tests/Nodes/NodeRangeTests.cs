using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Nodes;

public sealed class NodeRangeTests
{
    [Theory]
    [InlineData("10.244.0.0/16", "", "10.244.0.0/24")]
    [InlineData("10.244.0.0/16", "10.244.0.0/24 10.244.2.0/24", "10.244.1.0/24")]
    [InlineData("10.0.0.0/23", "10.0.0.0/24 10.0.1.0/24", null)]
    [InlineData("192.168.7.0/25", "", "192.168.7.0/25")]
    [InlineData("fd00:10:244::/56", "10.244.0.0/24 fd00:10:244::/64", "fd00:10:244:1::/64")]
    [InlineData("fd00:10:244::/63", "fd00:10:244::/64 fd00:10:244:1::/64", null)]
    public void The_lowest_free_range_is_next(string cluster, string taken, string? expected) =>
        Assert.Equal(expected, PodRangePlan.Next(cluster, taken.Split(' ')));

    [Theory]
    [InlineData(0, 100, 0)]
    [InlineData(0, 101, 1)]
    [InlineData(1, 90, 1)]
    [InlineData(1, 89, 0)]
    [InlineData(0, 5000, 4)]
    [InlineData(4, 1, 0)]
    public void The_more_nodes_the_longer_they_may_keep_what_they_read(int step, int nodes, int expected) =>
        Assert.Equal(expected, NodeTtlController.StepFor(nodes, step));

    [Fact]
    public async Task A_node_gets_a_range_of_each_family_that_the_cluster_has()
    {
        await using var cluster = new Cluster(context => new NodeRangeController(context));
        cluster.Context.Options.PodCidr = "10.244.0.0/16,fd00:10:244::/56";
        await cluster.StartAsync();
        await cluster.CreateAsync(new V1Node { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = "a" }, Spec = new V1NodeSpec() });
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<V1Node>(null!, "a")).Spec is { PodCIDR: "10.244.0.0/24", PodCIDRs: ["10.244.0.0/24", "fd00:10:244::/64"] }, "two ranges");
    }

    [Fact]
    public async Task Each_node_gets_a_range_and_an_annotation()
    {
        await using var cluster = new Cluster(context => new NodeRangeController(context), context => new NodeTtlController(context));
        cluster.Context.Options.PodCidr = "10.244.0.0/16";
        await cluster.StartAsync();
        foreach (var name in (string[])["a", "b", "c"])
        {
            await cluster.CreateAsync(new V1Node { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = name }, Spec = new V1NodeSpec() });
        }

        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1Node>()).Select(node => node.Spec.PodCIDR).Order(StringComparer.Ordinal).SequenceEqual(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]),
            "three ranges");
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1Node>()).All(node => node.Metadata.Annotations?["node.alpha.kubernetes.io/ttl"] == "0"), "the annotation");
    }
}
