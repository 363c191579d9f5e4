using Flotilla.Conformance.Live;
using k8s;
using k8s.Autorest;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

public sealed class DisruptionTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_budget_counts_healthy_pods()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "1");
        await space.Client.AppsV1.CreateNamespacedReplicaSetAsync(Manifests.ReplicaSet("web", 3), space.Name);
        var budget = await UntilAsync(space, value => value.Status is { DisruptionsAllowed: 2 });
        Assert.Equal((3, 1, 3), (budget.Status.CurrentHealthy, budget.Status.DesiredHealthy, budget.Status.ExpectedPods));
        Assert.Equal(("DisruptionAllowed", "True", "SufficientPods"), (budget.Status.Conditions[0].Type, budget.Status.Conditions[0].Status, budget.Status.Conditions[0].Reason));
        await space.Client.PolicyV1.PatchNamespacedPodDisruptionBudgetAsync(Merge("""{"spec":{"minAvailable":3}}"""), "web", space.Name);
        await UntilAsync(space, value => value.Status is { DisruptionsAllowed: 0, DesiredHealthy: 3 });
    }

    [Fact]
    public async Task Budgets_are_created_changed_listed_and_deleted_together()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "1");
        var policy = space.Client.PolicyV1;
        var budget = await policy.PatchNamespacedPodDisruptionBudgetAsync(Merge(new { metadata = new { labels = new { space = space.Name } } }), "web", space.Name);
        budget = await space.UntilAsync(() => policy.ReadNamespacedPodDisruptionBudgetAsync("web", space.Name), value => value.Status.ObservedGeneration == 1);
        budget.Spec.MinAvailable = (IntOrString)"2";
        Assert.Equal("2", (await policy.ReplaceNamespacedPodDisruptionBudgetAsync(budget, "web", space.Name)).Spec.MinAvailable.Value);
        Assert.Single((await policy.ListPodDisruptionBudgetForAllNamespacesAsync(labelSelector: $"space={space.Name}")).Items);
        await policy.DeleteCollectionNamespacedPodDisruptionBudgetAsync(space.Name, labelSelector: "app=web");
        await space.UntilAsync(async () => (await policy.ListNamespacedPodDisruptionBudgetAsync(space.Name)).Items.Count, count => count == 0);
    }

    [Fact]
    public async Task Its_status_can_be_replaced_and_patched()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "1");
        await UntilAsync(space, value => value.Status.ObservedGeneration == 1);
        var policy = space.Client.PolicyV1;
        var stamp = DateTime.UtcNow;
        await space.UntilAsync(
            async () =>
            {
                var budget = await policy.ReadNamespacedPodDisruptionBudgetStatusAsync("web", space.Name);
                budget.Status.DisruptedPods = new Dictionary<string, DateTime?> { ["some-pod"] = stamp };
                return await policy.ReplaceNamespacedPodDisruptionBudgetStatusAsync(budget, "web", space.Name);
            },
            budget => budget.Status.DisruptedPods?.ContainsKey("some-pod") == true);
        var patched = await policy.PatchNamespacedPodDisruptionBudgetStatusAsync(
            Merge(new { status = new { disruptedPods = new Dictionary<string, string> { ["other-pod"] = Stamp(stamp) } } }), "web", space.Name);
        Assert.Contains("other-pod", patched.Status.DisruptedPods.Keys);
    }

    [Fact]
    public async Task An_eviction_is_refused_until_the_budget_allows_it()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.AppsV1.CreateNamespacedReplicaSetAsync(Manifests.ReplicaSet("web", 3), space.Name);
        var pods = await space.ReadyAsync("web", 3);
        await CreateAsync(space, "2");
        await UntilAsync(space, value => value.Status.DisruptionsAllowed == 1);
        await EvictAsync(space, pods[0]);

        await space.Client.PolicyV1.PatchNamespacedPodDisruptionBudgetAsync(Merge("""{"spec":{"minAvailable":3}}"""), "web", space.Name);
        pods = await space.ReadyAsync("web", 3);
        await UntilAsync(space, value => value.Status is { DisruptionsAllowed: 0, CurrentHealthy: 3, DesiredHealthy: 3 });
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => EvictAsync(space, pods[0]));
        Assert.Equal(429, (int)refused.Response.StatusCode);
        Assert.Contains("Cannot evict pod as it would violate the pod's disruption budget.", refused.Response.Content, StringComparison.Ordinal);

        await space.Client.PolicyV1.PatchNamespacedPodDisruptionBudgetAsync(Merge("""{"spec":{"minAvailable":"50%"}}"""), "web", space.Name);
        await UntilAsync(space, value => value.Status.DisruptionsAllowed == 1);
        await EvictAsync(space, pods[0]);
        await space.UntilAsync(() => space.PodsAsync("web"), left => left.TrueForAll(pod => pod.Metadata.Uid != pods[0].Metadata.Uid));
    }

    private static Task CreateAsync(Space space, string minAvailable) => space.Client.PolicyV1.CreateNamespacedPodDisruptionBudgetAsync(
        new V1PodDisruptionBudget
        {
            Metadata = Manifests.Named("web"),
            Spec = new V1PodDisruptionBudgetSpec { MinAvailable = (IntOrString)minAvailable, Selector = Manifests.Selector("web") },
        },
        space.Name);

    private static Task<V1PodDisruptionBudget> UntilAsync(Space space, Func<V1PodDisruptionBudget, bool> isRight) => space.UntilAsync(
        () => space.Client.PolicyV1.ReadNamespacedPodDisruptionBudgetAsync("web", space.Name), value => value.Status is not null && isRight(value));

    private static Task EvictAsync(Space space, V1Pod pod) => space.Client.CoreV1.CreateNamespacedPodEvictionAsync(
        new V1Eviction { Metadata = new V1ObjectMeta { Name = pod.Metadata.Name } }, pod.Metadata.Name, space.Name);
}
