using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

public sealed class StatefulSetTests(LiveCluster cluster)
{
    private const string Serving = "touch /tmp/ok; sleep 3600";

    [Fact]
    public async Task Its_scale_can_be_read_replaced_and_patched()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.AppsV1.CreateNamespacedStatefulSetAsync(Manifests.StatefulSet("db", 1), space.Name);
        await space.ReadyAsync("db", 1);
        var scale = await space.Client.AppsV1.ReadNamespacedStatefulSetScaleAsync("db", space.Name);
        Assert.Equal((1, 1), (scale.Spec.Replicas, scale.Status.Replicas));
        scale.Spec.Replicas = 2;
        scale.Metadata.ResourceVersion = null; // Its controller writes too.
        await space.Client.AppsV1.ReplaceNamespacedStatefulSetScaleAsync(scale, "db", space.Name);
        await space.ReadyAsync("db", 2);
        await space.Client.AppsV1.PatchNamespacedStatefulSetScaleAsync(Merge("""{"spec":{"replicas":1}}"""), "db", space.Name);
        await space.ReadyAsync("db", 1);
    }

    [Fact]
    public async Task Scaled_in_order_it_waits_while_a_pod_is_unhealthy()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, 1, set => set.Spec.Template.Spec.Containers[0].ReadinessProbe = Manifests.ReadyWhileFile("/tmp/ok"));
        await BreakAsync(space, "db-0");
        await ScaleAsync(space, 3);
        await Task.Delay(2000);
        Assert.Single(await space.PodsAsync("db"));
        await MendAsync(space, "db-0");
        var pods = await space.ReadyAsync("db", 3);
        Assert.Equal(pods.Select(pod => pod.Metadata.CreationTimestamp).Order(), pods.Select(pod => pod.Metadata.CreationTimestamp));

        foreach (var pod in pods)
        {
            await BreakAsync(space, pod.Metadata.Name);
        }

        await ScaleAsync(space, 0);
        await Task.Delay(2000);
        Assert.Equal(["db-0", "db-1", "db-2"], (await space.PodsAsync("db")).Select(pod => pod.Metadata.Name));
        // As the last one left that is unhealthy, db-2 goes by itself.
        await MendAsync(space, "db-0");
        await MendAsync(space, "db-1");
        var seen = new List<string>();
        await space.UntilAsync(
            () => space.PodsAsync("db"),
            left =>
            {
                seen.Add(string.Join(' ', left.Select(pod => pod.Metadata.Name)));
                return left.Count == 0;
            });
        Assert.All(seen, names => Assert.StartsWith(names, "db-0 db-1 db-2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scaled_in_parallel_it_does_not_wait()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, 1, set =>
        {
            set.Spec.PodManagementPolicy = "Parallel";
            set.Spec.Template.Spec.Containers[0].ReadinessProbe = Manifests.ReadyWhileFile("/tmp/ok");
        });
        await BreakAsync(space, "db-0");
        await ScaleAsync(space, 3);
        await space.UntilAsync(() => space.PodsAsync("db"), pods => pods.Count == 3 && pods.Skip(1).All(pod => pod.IsReady()));
        await BreakAsync(space, "db-1");
        await ScaleAsync(space, 0);
        await space.UntilAsync(async () => (await space.PodsAsync("db")).Count, count => count == 0);
    }

    [Fact]
    public async Task A_template_is_rolled_out_from_the_last_to_the_first_and_back()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, 3);
        var first = (await space.Client.AppsV1.ReadNamespacedStatefulSetAsync("db", space.Name)).Status;
        Assert.Equal(first.CurrentRevision, first.UpdateRevision);
        await RolloutAsync(space, "two", ["db-0 db-1", "db-0", ""]);
        var second = await space.StatefulSetAsync("db", set => set.Status.CurrentRevision == set.Status.UpdateRevision && set.Status.CurrentRevision != first.CurrentRevision);
        Assert.Equal((3, 3), (second.Status.CurrentReplicas, second.Status.UpdatedReplicas));
        await space.Client.AppsV1.PatchNamespacedStatefulSetAsync(Merge("""{"spec":{"template":{"metadata":{"annotations":null}}}}"""), "db", space.Name);
        await space.UntilAsync(() => space.PodsAsync("db"), pods => pods.Count == 3 && pods.TrueForAll(pod => pod.IsReady() && pod.VersionOf() is null));
        var back = await space.StatefulSetAsync("db", set => set.Status.CurrentRevision == set.Status.UpdateRevision && set.Status.CurrentRevision == first.CurrentRevision);
        Assert.Equal(first.UpdateRevision, back.Status.UpdateRevision);
        var revisions = (await space.Client.AppsV1.ListNamespacedControllerRevisionAsync(space.Name)).Items.Select(revision => revision.Revision ?? 0).Order();
        Assert.Equal([2, 3], revisions);
    }

    [Fact]
    public async Task A_partition_makes_canaries_and_phases_and_holds_for_pods_that_are_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, 3, set => set.Spec.UpdateStrategy = Partition(3));
        await SetAsync(space, "two", 3);
        await Task.Delay(1000);
        Assert.All(await space.PodsAsync("db"), pod => Assert.Null(pod.VersionOf()));
        await SetAsync(space, "two", 2);
        await VersionsAsync(space, "  two");
        foreach (var name in (string[])["db-0", "db-2"])
        {
            await space.Client.CoreV1.DeleteNamespacedPodAsync(name, space.Name, gracePeriodSeconds: 0);
        }

        await VersionsAsync(space, "  two");
        await SetAsync(space, "two", 1);
        await VersionsAsync(space, " two two");
        await SetAsync(space, "two", 0);
        await VersionsAsync(space, "two two two");
        await space.StatefulSetAsync("db", set => set.Status.CurrentRevision == set.Status.UpdateRevision);
    }

    [Fact]
    public async Task A_pod_that_was_refused_or_evicted_comes_again_under_its_name()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, 1);
        var before = (await space.PodAsync("db-0")).Metadata.Uid;
        await space.Client.CoreV1.PatchNamespacedPodStatusAsync(Merge("""{"status":{"phase":"Failed","reason":"Evicted"}}"""), "db-0", space.Name);
        await space.UntilAsync(() => space.PodsAsync("db"), pods => pods is [var pod] && pod.Metadata.Uid != before && pod.IsReady());
    }

    private static async Task CreateAsync(Space space, int replicas, Action<V1StatefulSet>? configure = null)
    {
        var set = Manifests.StatefulSet("db", replicas, Serving);
        configure?.Invoke(set);
        await space.Client.AppsV1.CreateNamespacedStatefulSetAsync(set, space.Name);
        await space.ReadyAsync("db", replicas);
        await space.StatefulSetAsync("db", value => value.Status.ReadyReplicas == replicas);
    }

    private static async Task RolloutAsync(Space space, string version, string[] stages)
    {
        await SetAsync(space, version, 0);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await space.UntilAsync(
            () => space.PodsAsync("db"),
            pods =>
            {
                seen.Add(string.Join(' ', pods.Where(pod => pod.VersionOf() != version).Select(pod => pod.Metadata.Name)));
                return pods.Count == 3 && pods.TrueForAll(pod => pod.IsReady() && pod.VersionOf() == version);
            });
        Assert.All(seen, old => Assert.Contains(old, (string[])["db-0 db-1 db-2", .. stages]));
    }

    private static V1StatefulSetUpdateStrategy Partition(int partition) =>
        new() { Type = "RollingUpdate", RollingUpdate = new V1RollingUpdateStatefulSetStrategy { Partition = partition } };

    private static Task SetAsync(Space space, string version, int partition) => space.Client.AppsV1.PatchNamespacedStatefulSetAsync(
        Merge(new { spec = new { updateStrategy = new { rollingUpdate = new { partition } }, template = new { metadata = new { annotations = new { version } } } } }), "db", space.Name);

    private static Task VersionsAsync(Space space, string versions) => space.UntilAsync(
        async () =>
        {
            var pods = await space.PodsAsync("db");
            return pods.Count == 3 && pods.TrueForAll(pod => pod.IsReady()) ? string.Join(' ', pods.Select(pod => pod.VersionOf())) : "not ready";
        },
        text => text == versions);

    private static Task ScaleAsync(Space space, int replicas) =>
        space.Client.AppsV1.PatchNamespacedStatefulSetScaleAsync(Merge(new { spec = new { replicas } }), "db", space.Name);

    private static async Task BreakAsync(Space space, string pod)
    {
        await space.ShellAsync(pod, "rm /tmp/ok");
        await space.PodAsync(pod, value => !value.IsReady());
    }

    private static Task MendAsync(Space space, string pod) => space.ShellAsync(pod, "touch /tmp/ok");
}
