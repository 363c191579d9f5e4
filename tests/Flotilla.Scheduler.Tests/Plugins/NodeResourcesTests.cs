using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins;

public sealed class NodeResourcesTests
{
    [Theory]
    [InlineData("1", "1Gi", "fits")]
    [InlineData("1500m", null, "no: Insufficient cpu")]
    [InlineData("5", null, "never: Insufficient cpu")]
    [InlineData("5", "100Gi", "never: Insufficient cpu, Insufficient memory")]
    public void A_pod_needs_what_is_left(string cpu, string? memory, string expected)
    {
        var cluster = Given.Cluster(Given.Node("a", cpu: "2")).With("a", Given.Pod("there", cpu: "1"));

        Assert.Equal(expected, new NodeResourcesFit().Ask(Given.Pod("p", cpu, memory), cluster, "a"));
    }

    [Fact]
    public void A_node_takes_no_more_pods_than_it_allows()
    {
        var cluster = Given.Cluster(Given.Node("a", pods: 1)).With("a", Given.Pod("there"));

        Assert.Equal("no: Too many pods", new NodeResourcesFit().Ask(Given.Pod("p"), cluster, "a"));
    }

    [Fact]
    public void Devices_are_counted_like_everything_else()
    {
        var node = Given.Node("a");
        node.Status.Allocatable["example.com/gpu"] = new ResourceQuantity("2");
        var cluster = Given.Cluster(node, Given.Node("b")).With("a", Gpu("there", 1));

        Assert.Equal("fits", new NodeResourcesFit().Ask(Gpu("p", 1), cluster, "a"));
        Assert.Equal("no: Insufficient example.com/gpu", new NodeResourcesFit().Ask(Gpu("p", 2), cluster, "a"));
        Assert.Equal("never: Insufficient example.com/gpu", new NodeResourcesFit().Ask(Gpu("p", 1), cluster, "b"));

        static V1Pod Gpu(string name, int count) => Given.Pod(name, with: pod =>
            pod.Spec.Containers[0].Resources.Requests["example.com/gpu"] = new ResourceQuantity($"{count}"));
    }

    [Fact]
    public void Removing_a_pod_gives_back_everything_it_used()
    {
        var cluster = Given.Cluster(Given.Node("a", cpu: "2")).With("a", Given.Pod("there", cpu: "2"));

        Assert.True(cluster.Remove(new(null!, "x")) is false);
        Assert.True(cluster.Remove(new("default", "there")));
        Assert.Equal("fits", new NodeResourcesFit().Ask(Given.Pod("p", "2"), cluster, "a"));
        Assert.Empty(cluster.Groups);
    }

    [Fact]
    public void Emptier_nodes_score_higher()
    {
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b")).With("a", Given.Pod("there", "2", "4Gi"));

        Assert.Equal([25, 75], new NodeResourcesFit().Scores(Given.Pod("p", "1", "2Gi"), cluster));
    }

    [Fact]
    public void Balance_is_preferred()
    {
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b")).With("a", Given.Pod("there", "3", "0"));

        Assert.Equal([94, 56], new NodeResourcesBalancedAllocation().Scores(Given.Pod("p", "0", "6Gi"), cluster));
        Assert.Empty(new NodeResourcesBalancedAllocation().Scores(Given.Pod("p"), cluster));
    }

    [Fact]
    public void Init_containers_count_at_their_peak_and_sidecars_all_along()
    {
        var pod = Given.Pod("p", "1", with: pod => pod.Spec.InitContainers =
        [
            Container("sidecar", "500m", "Always"),
            Container("migrate", "3", null),
            Container("small", "100m", null),
        ]);

        Assert.Equal(3500, PodRequests.For(pod).MilliCpu);
        pod.Spec.InitContainers.RemoveAt(1);
        Assert.Equal(1500, PodRequests.For(pod).MilliCpu);

        static V1Container Container(string name, string cpu, string? restartPolicy) => new()
        {
            Name = name,
            RestartPolicy = restartPolicy,
            Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) } },
        };
    }

    [Fact]
    public void Overhead_is_added_and_pod_level_requests_win()
    {
        var pod = Given.Pod("p", "1", "1Gi", pod =>
        {
            pod.Spec.Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("250m") };
            pod.Spec.Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("2") } };
        });

        Assert.Equal(new Resources(2250, 1L << 30, 0).MilliCpu, PodRequests.For(pod).MilliCpu);
        Assert.Equal(1L << 30, PodRequests.For(pod).MemoryBytes);
    }
}
