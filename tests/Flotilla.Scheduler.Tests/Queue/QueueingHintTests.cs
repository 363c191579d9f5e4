using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Queue;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Scheduler.Tests.Queue;

/// <summary>A waiting pod is woken by changes that may help it, and sleeps through all others.</summary>
public sealed class QueueingHintTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task A_node_that_is_too_small_does_not_wake_a_big_pod()
    {
        var queue = await ParkAsync(Given.Pod("p", "8"), new NodeResourcesFit());
        Assert.False(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: Given.Node("small", cpu: "4"))));
        Assert.True(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: Given.Node("large", cpu: "16"))));
    }

    [Fact]
    public async Task A_node_with_a_taint_does_not_wake_a_pod_that_does_not_tolerate_it()
    {
        var queue = await ParkAsync(Given.Pod("p"), new TaintToleration());
        var tainted = Given.Node("a");
        tainted.Spec.Taints = [new V1Taint { Key = "k", Effect = "NoSchedule" }];
        Assert.False(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: tainted)));
        Assert.True(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: Given.Node("b"))));
    }

    [Fact]
    public async Task A_node_that_the_selector_does_not_match_does_not_wake_a_pod()
    {
        var queue = await ParkAsync(Given.Pod("p", with: pod => pod.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd" }), new NodeAffinity());
        Assert.False(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: Given.Node("a"))));
        Assert.True(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: Given.Node("b", labels: ("disk", "ssd")))));
    }

    [Fact]
    public async Task Only_who_held_the_port_wakes_a_pod_that_wants_it()
    {
        var queue = await ParkAsync(WithPort("p", 80), new NodePorts());
        Assert.False(Wakes(queue, new ClusterEvent(ClusterChange.PodGone, Pod: new PodInfo(WithPort("x", 81)))));
        Assert.True(Wakes(queue, new ClusterEvent(ClusterChange.PodGone, Pod: new PodInfo(WithPort("y", 80)))));
    }

    [Fact]
    public async Task Pods_of_other_namespaces_do_not_wake_a_pod_that_is_to_be_spread()
    {
        var queue = await ParkAsync(Given.Pod("p"), new PodTopologySpread());
        var foreign = Given.Pod("x", with: pod => pod.Metadata.NamespaceProperty = "other");
        Assert.False(Wakes(queue, new ClusterEvent(ClusterChange.PodGone, Pod: new PodInfo(foreign))));
        Assert.True(Wakes(queue, new ClusterEvent(ClusterChange.PodGone, Pod: new PodInfo(Given.Pod("y")))));
    }

    [Fact]
    public async Task One_of_several_plugins_that_hopes_is_enough()
    {
        var queue = await ParkAsync(Given.Pod("p", "8"), new NodeResourcesFit(), new NodeUnschedulable());
        Assert.True(Wakes(queue, new ClusterEvent(ClusterChange.Node, Node: Given.Node("small", cpu: "4"))));
    }

    [Fact]
    public async Task A_gated_pod_is_not_taken_until_its_gate_opens()
    {
        var queue = new SchedulingQueue(time, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        queue.Set(new PodInfo(Given.Pod("p")), retry: false, [new SchedulingGates()]);
        var next = queue.TakeAsync(default).AsTask();
        queue.Announce(ClusterChange.All);
        Assert.False(next.IsCompleted);
        Assert.Single(queue.Gated());

        queue.Set(new PodInfo(Given.Pod("p")), retry: false, []);
        Assert.Equal("p", (await next.WaitAsync(TimeSpan.FromSeconds(5))).Pod.Key.Name);
    }

    private async Task<SchedulingQueue> ParkAsync(V1Pod pod, params IPlugin[] rejectedBy)
    {
        var queue = new SchedulingQueue(time, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        queue.Set(new PodInfo(pod), retry: false);
        queue.Park(await queue.TakeAsync(default), rejectedBy);
        time.Advance(TimeSpan.FromSeconds(30));
        return queue;
    }

    private static bool Wakes(SchedulingQueue queue, ClusterEvent change)
    {
        using var none = new CancellationTokenSource();
        queue.Announce(change);
        var next = queue.TakeAsync(none.Token).AsTask();
        none.Cancel();
        return next.IsCompletedSuccessfully;
    }

    private static V1Pod WithPort(string name, int port) => Given.Pod(
        name, with: pod => pod.Spec.Containers[0].Ports = [new V1ContainerPort { ContainerPort = port, HostPort = port }]);
}
