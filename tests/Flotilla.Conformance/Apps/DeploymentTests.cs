using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

public sealed class DeploymentTests(LiveCluster cluster)
{
    [Fact]
    public async Task Its_scale_can_be_read_replaced_and_patched()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(Manifests.Deployment("web", 1), space.Name);
        var scale = await space.Client.AppsV1.ReadNamespacedDeploymentScaleAsync("web", space.Name);
        Assert.Equal((1, "app=web"), (scale.Spec.Replicas, scale.Status.Selector));
        scale.Spec.Replicas = 2;
        scale.Metadata.ResourceVersion = null; // Its controller writes too.
        Assert.Equal(2, (await space.Client.AppsV1.ReplaceNamespacedDeploymentScaleAsync(scale, "web", space.Name)).Spec.Replicas);
        await space.ReadyAsync("web", 2);
        await space.Client.AppsV1.PatchNamespacedDeploymentScaleAsync(Merge("""{"spec":{"replicas":1}}"""), "web", space.Name);
        await space.ReadyAsync("web", 1);
    }

    [Fact]
    public async Task Recreated_old_pods_are_gone_before_new_ones_come()
    {
        await using var space = await Space.CreateAsync(cluster);
        var deployment = Manifests.Deployment("web", 2);
        deployment.Spec.Strategy = new V1DeploymentStrategy { Type = "Recreate" };
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(deployment, space.Name);
        var old = (await space.ReadyAsync("web", 2)).Select(pod => pod.Metadata.Uid).ToHashSet();
        await RolloutAsync(space, "2");
        await space.UntilAsync(
            async () => (await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: "app=web")).Items,
            pods =>
            {
                var (before, after) = (pods.Count(pod => old.Contains(pod.Metadata.Uid)), pods.Count(pod => !old.Contains(pod.Metadata.Uid)));
                Assert.False(before > 0 && after > 0, "old and new pods at once");
                return after == 2 && pods.All(pod => pod.IsReady());
            });
    }

    [Fact]
    public async Task Rolled_out_pods_of_another_set_are_replaced_and_the_revision_counts_on()
    {
        await using var space = await Space.CreateAsync(cluster);
        var set = Manifests.ReplicaSet("web", 1);
        set.Metadata.Annotations = new Dictionary<string, string> { ["deployment.kubernetes.io/revision"] = "3546343826724305832" };
        await space.Client.AppsV1.CreateNamespacedReplicaSetAsync(set, space.Name);
        await space.ReadyAsync("web", 1);
        var deployment = Manifests.Deployment("web", 1, "sleep 3601");
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(deployment, space.Name);
        var done = await space.DeploymentAsync("web", value => value.IsRolledOut(1));
        Assert.Equal("3546343826724305833", done.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        var sets = (await space.Client.AppsV1.ListNamespacedReplicaSetAsync(space.Name)).Items;
        Assert.Equal((2, 0), (sets.Count, sets.Single(one => one.Metadata.Name == "web").Spec.Replicas));
        await space.ReadyAsync("web", 1);
    }

    [Fact]
    public async Task Old_sets_beyond_the_history_are_removed()
    {
        await using var space = await Space.CreateAsync(cluster);
        var deployment = Manifests.Deployment("web", 1);
        deployment.Spec.RevisionHistoryLimit = 0;
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(deployment, space.Name);
        await space.DeploymentAsync("web", value => value.IsRolledOut(1));
        await RolloutAsync(space, "2");
        await space.DeploymentAsync("web", value => value.IsRolledOut(1));
        await space.UntilAsync(async () => (await space.Client.AppsV1.ListNamespacedReplicaSetAsync(space.Name)).Items.Count, count => count == 1);
    }

    [Fact]
    public async Task Scaled_in_mid_rollout_both_sets_grow_in_proportion()
    {
        await using var space = await Space.CreateAsync(cluster);
        var deployment = Manifests.Deployment("web", 4);
        deployment.Spec.Strategy = new V1DeploymentStrategy
        {
            RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = (IntOrString)"3", MaxUnavailable = (IntOrString)"2" },
        };
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(deployment, space.Name);
        await space.DeploymentAsync("web", value => value.IsRolledOut(4));
        await space.Client.AppsV1.PatchNamespacedDeploymentAsync(
            Image("no-such-image"), "web", space.Name);
        await SizesAsync(space, 2, 4);
        await space.Client.AppsV1.PatchNamespacedDeploymentScaleAsync(Merge("""{"spec":{"replicas":11}}"""), "web", space.Name);
        await SizesAsync(space, 4, 10);
    }

    [Fact]
    public async Task A_rollout_may_be_overtaken_by_the_next()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(Manifests.Deployment("web", 1), space.Name);
        await space.DeploymentAsync("web", value => value.IsRolledOut(1));
        await space.Client.AppsV1.PatchNamespacedDeploymentAsync(
            Image("no-such-image"), "web", space.Name);
        await space.UntilAsync(async () => (await space.PodsAsync("web")).Count, count => count == 2);
        await space.Client.AppsV1.PatchNamespacedDeploymentAsync(
            new V1Patch("""{"spec":{"template":{"metadata":{"annotations":{"version":"3"}},"spec":{"containers":[{"name":"main","image":"my-image"}]}}}}""", V1Patch.PatchType.StrategicMergePatch),
            "web", space.Name);
        await space.DeploymentAsync("web", value => value.IsRolledOut(1));
        Assert.Equal("3", Assert.Single(await space.ReadyAsync("web", 1)).VersionOf());
        var sizes = (await space.Client.AppsV1.ListNamespacedReplicaSetAsync(space.Name)).Items.Select(set => set.Spec.Replicas ?? 0).Order();
        Assert.Equal([0, 0, 1], sizes);
    }

    [Fact]
    public async Task It_is_created_patched_scaled_watched_and_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.AppsV1.CreateNamespacedDeploymentAsync(Manifests.Deployment("web", 1), space.Name);
        await space.DeploymentAsync("web", value => value.IsRolledOut(1));
        await space.Client.AppsV1.PatchNamespacedDeploymentAsync(Merge("""{"metadata":{"labels":{"stage":"two"}},"spec":{"replicas":2}}"""), "web", space.Name);
        await space.DeploymentAsync("web", value => value.IsRolledOut(2));
        Assert.Single((await space.Client.AppsV1.ListDeploymentForAllNamespacesAsync(labelSelector: "stage=two")).Items, found => found.Metadata.NamespaceProperty == space.Name);
        var patched = await space.Client.AppsV1.PatchNamespacedDeploymentStatusAsync(Merge("""{"status":{"readyReplicas":0,"availableReplicas":0}}"""), "web", space.Name);
        Assert.NotNull(patched.Status);
        await space.DeploymentAsync("web", value => value.Status.ReadyReplicas == 2);
        await space.Client.AppsV1.DeleteCollectionNamespacedDeploymentAsync(space.Name, labelSelector: "stage=two");
        await space.UntilAsync(async () => (await space.PodsAsync("web")).Count, count => count == 0);
    }

    private static Task RolloutAsync(Space space, string version) => space.Client.AppsV1.PatchNamespacedDeploymentAsync(
        Merge(new { spec = new { template = new { metadata = new { annotations = new { version } } } } }), "web", space.Name);

    private static Task SizesAsync(Space space, params int[] sizes) => space.UntilAsync(
        async () => string.Join(' ', (await space.Client.AppsV1.ListNamespacedReplicaSetAsync(space.Name)).Items.Select(set => set.Spec.Replicas ?? 0).Order()),
        text => text == string.Join(' ', sizes.Order()));
}
