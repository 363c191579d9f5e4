using System.Globalization;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Flotilla.Conformance.Scheduling;

/// <summary>More important pods make less important ones give way.</summary>
public sealed class PreemptionTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("high", "default")]
    [InlineData("system-cluster-critical", "kube-system")]
    public async Task A_more_important_pod_takes_the_place_of_a_less_important_one(string important, string where)
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var nodes = await SimulatedNodes.StartAsync(cluster, space, 2, "1");
        await using var classes = await ClassesAsync(space, ("low", 1), ("medium", 100), ("high", 1000));
        await space.Client.CoreV1.CreateNamespacedPodAsync(nodes.Pod("low", "800m", classes.Name("low")), space.Name);
        await space.Client.CoreV1.CreateNamespacedPodAsync(nodes.Pod("medium", "800m", classes.Name("medium")), space.Name);
        await space.ReadyPodAsync("low");
        await space.ReadyPodAsync("medium");

        var home = where == "kube-system" ? where : space.Name;
        var pod = nodes.Pod($"important-{space.Name}", "800m", where == "kube-system" ? important : classes.Name(important));
        await space.Client.CoreV1.CreateNamespacedPodAsync(pod, home);
        await space.UntilAsync(() => space.Client.CoreV1.ReadNamespacedPodAsync(pod.Metadata.Name, home), found => found.Status.Phase == "Running");

        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name, fieldSelector: "metadata.name=low"), list => list.Items.Count == 0);
        Assert.Equal("Running", (await space.PodAsync("medium")).Status.Phase);
        var preempted = await space.EventAsync("low", "Preempted");
        Assert.StartsWith("Preempted by pod ", preempted.Message, StringComparison.Ordinal);
        await space.Client.CoreV1.DeleteNamespacedPodAsync(pod.Metadata.Name, home);
    }

    [Fact]
    public async Task A_preempted_pod_says_that_it_is_disrupted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var nodes = await SimulatedNodes.StartAsync(cluster, space, 1, "1");
        await using var classes = await ClassesAsync(space, ("low", 1), ("high", 1000));
        await space.Client.CoreV1.CreateNamespacedPodAsync(nodes.Pod("victim", "1", classes.Name("low"), "example.com/keep"), space.Name);
        await space.ReadyPodAsync("victim");
        await space.Client.CoreV1.CreateNamespacedPodAsync(nodes.Pod("preemptor", "1", classes.Name("high")), space.Name);

        var victim = await space.PodAsync("victim", pod => pod.Metadata.DeletionTimestamp is not null);
        var condition = victim.Status.Conditions.Single(one => one.Type == "DisruptionTarget");
        Assert.Equal(("True", "PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"), (condition.Status, condition.Reason, condition.Message));

        await space.Client.CoreV1.PatchNamespacedPodAsync(new V1Patch("""{"metadata":{"finalizers":null}}""", V1Patch.PatchType.MergePatch), "victim", space.Name);
        await space.ReadyPodAsync("preemptor");
    }

    [Fact]
    public async Task Sets_of_four_priorities_share_a_node_until_the_highest_pushes_the_lowest_out()
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var nodes = await SimulatedNodes.StartAsync(cluster, space, 1, "1");
        await using var classes = await ClassesAsync(space, ("p1", 1), ("p2", 2), ("p3", 3), ("p4", 4));
        foreach (var (name, replicas) in ((string, int)[])[("p1", 1), ("p2", 1), ("p3", 2)])
        {
            await SetAsync(space, nodes, classes, name, replicas);
        }

        foreach (var (name, replicas) in ((string, int)[])[("p1", 1), ("p2", 1), ("p3", 2)])
        {
            await space.UntilAsync(() => space.Client.AppsV1.ReadNamespacedReplicaSetAsync(name, space.Name), set => set.Status.ReadyReplicas == replicas);
        }

        // 4 of 5 places are taken: of two more pods one takes the free place, the other that of the lowest.
        await SetAsync(space, nodes, classes, "p4", 2);
        await space.UntilAsync(() => space.Client.AppsV1.ReadNamespacedReplicaSetAsync("p4", space.Name), set => set.Status.ReadyReplicas == 2);
        foreach (var (name, ready) in ((string, int?)[])[("p1", null), ("p2", 1), ("p3", 2)])
        {
            await space.UntilAsync(
                () => space.Client.AppsV1.ReadNamespacedReplicaSetAsync(name, space.Name), set => set.Status.ReadyReplicas.GetValueOrDefault() == ready.GetValueOrDefault());
        }
    }

    [Fact]
    public async Task Priority_classes_change_in_everything_but_their_value()
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var classes = await ClassesAsync(space, ("p1", 1), ("p2", 2));
        var api = space.Client.SchedulingV1;
        Assert.True((await api.ListPriorityClassAsync()).Items.Count(one => one.Metadata.Name.EndsWith(space.Name, StringComparison.Ordinal)) == 2);

        await api.PatchPriorityClassAsync(new V1Patch("""{"description":"patched"}""", V1Patch.PatchType.MergePatch), classes.Name("p1"));
        var second = await api.ReadPriorityClassAsync(classes.Name("p2"));
        second.Description = "updated";
        await api.ReplacePriorityClassAsync(second, classes.Name("p2"));
        Assert.Equal(["patched", "updated"], [(await api.ReadPriorityClassAsync(classes.Name("p1"))).Description, (await api.ReadPriorityClassAsync(classes.Name("p2"))).Description]);

        var refused = await Assert.ThrowsAsync<HttpOperationException>(() =>
            api.PatchPriorityClassAsync(new V1Patch("""{"value":5}""", V1Patch.PatchType.MergePatch), classes.Name("p1")));
        Assert.Equal(422, (int)refused.Response.StatusCode);
        var changed = await api.ReadPriorityClassAsync(classes.Name("p2"));
        changed.Value = 7;
        Assert.Equal(422, (int)(await Assert.ThrowsAsync<HttpOperationException>(() => api.ReplacePriorityClassAsync(changed, classes.Name("p2")))).Response.StatusCode);
    }

    private static async Task SetAsync(Space space, SimulatedNodes nodes, Classes classes, string name, int replicas)
    {
        var labels = new Dictionary<string, string> { ["set"] = name };
        await space.Client.AppsV1.CreateNamespacedReplicaSetAsync(
            new V1ReplicaSet
            {
                Metadata = new V1ObjectMeta { Name = name },
                Spec = new V1ReplicaSetSpec
                {
                    Replicas = replicas,
                    Selector = new V1LabelSelector { MatchLabels = labels },
                    Template = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = labels }, Spec = nodes.Spec("200m", classes.Name(name)) },
                },
            },
            space.Name);
    }

    private static async Task<Classes> ClassesAsync(Space space, params (string Name, int Value)[] wanted)
    {
        var classes = new Classes(space, [.. wanted.Select(one => one.Name)]);
        foreach (var (name, value) in wanted)
        {
            await space.Client.SchedulingV1.CreatePriorityClassAsync(new V1PriorityClass { Metadata = new V1ObjectMeta { Name = classes.Name(name) }, Value = value });
        }

        return classes;
    }

    /// <summary>Priority classes belong to the whole cluster, so their names carry the test's.</summary>
    private sealed class Classes(Space space, IReadOnlyList<string> names) : IAsyncDisposable
    {
        public string Name(string name) => string.Create(CultureInfo.InvariantCulture, $"{name}-{space.Name}");

        public async ValueTask DisposeAsync()
        {
            foreach (var name in names)
            {
                await space.Client.SchedulingV1.DeletePriorityClassAsync(Name(name));
            }
        }
    }
}
