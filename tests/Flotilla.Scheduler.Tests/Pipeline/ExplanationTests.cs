using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Pipeline;

/// <summary>Rejections in upstream's exact words.</summary>
public sealed class ExplanationTests
{
    private const string NotHelpful = " no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";

    [Fact]
    public void Too_big_for_every_node() => Assert.Equal(
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory." + NotHelpful,
        Explain(Given.Pod("p", "1000", "1000Gi"), Given.Cluster(Given.Node("node-1"))));

    [Fact]
    public void No_node_matches_the_selector() => Assert.Equal(
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector." + NotHelpful,
        Explain(
            Given.Pod("p", with: pod => pod.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "none" }),
            Given.Cluster(Given.Node("node-1"))));

    [Fact]
    public void A_claim_is_missing() => Assert.Equal(
        "0/1 nodes are available: persistentvolumeclaim \"none\" not found. not found",
        Explain(
            Given.Pod("p", with: pod => pod.Spec.Volumes =
                [new V1Volume { Name = "v", PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "none" } }]),
            Given.Cluster(Given.Node("node-1"))));

    [Fact]
    public void The_cluster_is_full_of_equals() => Assert.Equal(
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. no new claims to deallocate, "
        + "preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
        Explain(Given.Pod("p", "3"), Given.Cluster(Given.Node("a"), Cordoned("b")).With("a", Given.Pod("there", "3"))));

    [Fact]
    public void There_are_no_nodes() =>
        Assert.Equal("no nodes available to schedule pods", Explain(Given.Pod("p"), Given.Cluster()));

    private static V1Node Cordoned(string name)
    {
        var node = Given.Node(name);
        node.Spec.Unschedulable = true;
        return node;
    }

    private static string Explain(V1Pod pod, ClusterSnapshot cluster)
    {
        var placer = new Placer(PluginSet.Default());
        var cycle = new SchedulingCycle(new PodInfo(pod), cluster);
        var diagnosis = placer.Place(cycle).Diagnosis!;
        if (diagnosis.NodeCount > 0)
        {
            Assert.Null(placer.MakeRoom(cycle, diagnosis));
        }

        return diagnosis.ToString();
    }
}
