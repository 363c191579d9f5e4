using System.Text.Json;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

public sealed class DaemonSetTests(LiveCluster cluster)
{
    [Fact]
    public async Task Every_node_has_a_pod_and_a_deleted_one_comes_again()
    {
        await using var space = await Space.CreateAsync(cluster);
        var first = await CreateAsync(space);
        await space.Client.CoreV1.DeleteNamespacedPodAsync(first.Metadata.Name, space.Name, gracePeriodSeconds: 0);
        await NextAsync(space, first);
    }

    [Fact]
    public async Task A_node_selector_decides_where_it_runs()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = LiveCluster.NodeName;
        var label = $"{space.Name}.example.com/color";
        var set = Manifests.DaemonSet("agent");
        set.Spec.Template.Spec.NodeSelector = new Dictionary<string, string> { [label] = "blue" };
        await space.Client.AppsV1.CreateNamespacedDaemonSetAsync(set, space.Name);
        await space.DaemonSetAsync("agent", value => value.Status is { ObservedGeneration: 1, DesiredNumberScheduled: 0 });
        await LabelAsync(space, node, label, "blue");
        await space.ReadyAsync("agent", 1);
        await LabelAsync(space, node, label, "green");
        await space.UntilAsync(async () => (await space.PodsAsync("agent")).Count, count => count == 0);
        await space.Client.AppsV1.PatchNamespacedDaemonSetAsync(
            Merge(new { spec = new { template = new { spec = new { nodeSelector = new Dictionary<string, string> { [label] = "green" } } } } }), "agent", space.Name);
        await space.ReadyAsync("agent", 1);
        await LabelAsync(space, node, label, null);
    }

    [Fact]
    public async Task A_failed_pod_is_replaced()
    {
        await using var space = await Space.CreateAsync(cluster);
        var first = await CreateAsync(space);
        await space.Client.CoreV1.PatchNamespacedPodStatusAsync(Merge("""{"status":{"phase":"Failed"}}"""), first.Metadata.Name, space.Name);
        await NextAsync(space, first);
        Assert.Contains("will try to kill it", (await space.EventAsync("agent", "FailedDaemonPod")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_template_is_rolled_out()
    {
        await using var space = await Space.CreateAsync(cluster);
        var first = await CreateAsync(space);
        var hash = first.Metadata.Labels["controller-revision-hash"];
        await space.Client.AppsV1.PatchNamespacedDaemonSetAsync(Merge("""{"spec":{"template":{"metadata":{"annotations":{"version":"2"}}}}}"""), "agent", space.Name);
        var second = await NextAsync(space, first);
        Assert.Equal("2", second.VersionOf());
        Assert.NotEqual(hash, second.Metadata.Labels["controller-revision-hash"]);
        var revisions = (await space.Client.AppsV1.ListNamespacedControllerRevisionAsync(space.Name)).Items;
        Assert.Equal([1L, 2L], revisions.Select(revision => revision.Revision ?? 0).Order());
        Assert.Contains(revisions, revision => revision.Metadata.Labels["controller-revision-hash"] == second.Metadata.Labels["controller-revision-hash"]);
    }

    [Fact]
    public async Task Rolled_back_pods_that_were_not_replaced_stay_as_they_are()
    {
        await using var space = await Space.CreateAsync(cluster);
        var first = await CreateAsync(space);
        await PatchImageAsync(space, "no-such-image");
        await space.UntilAsync(() => space.PodsAsync("agent"), pods => pods is [var pod] && pod.ImageOf() == "no-such-image");
        await PatchImageAsync(space, "my-image");
        var back = await NextAsync(space, first);
        Assert.Equal(first.Metadata.Labels["controller-revision-hash"], back.Metadata.Labels["controller-revision-hash"]);

        // Nothing changes for a pod that already is as the revision says.
        await space.Client.AppsV1.PatchNamespacedDaemonSetAsync(Merge("""{"metadata":{"labels":{"touched":"yes"}}}"""), "agent", space.Name);
        await Task.Delay(1000);
        Assert.Equal(back.Metadata.Uid, Assert.Single(await space.PodsAsync("agent")).Metadata.Uid);
        Assert.Equal(0, back.Status.ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public async Task Revisions_are_listed_patched_made_and_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space);
        var apps = space.Client.AppsV1;
        var first = Assert.Single((await apps.ListNamespacedControllerRevisionAsync(space.Name, labelSelector: "app=agent")).Items);
        await apps.PatchNamespacedControllerRevisionAsync(Merge("""{"metadata":{"labels":{"patched":"yes"}}}"""), first.Metadata.Name, space.Name);
        Assert.Single((await apps.ListNamespacedControllerRevisionAsync(space.Name, labelSelector: "patched=yes")).Items);
        var second = new V1ControllerRevision
        {
            Metadata = new V1ObjectMeta { Name = "by-hand", Labels = Manifests.Labels("agent"), OwnerReferences = first.Metadata.OwnerReferences },
            Data = JsonSerializer.SerializeToElement(first.Data),
            Revision = (first.Revision ?? 0) + 1,
        };
        await apps.CreateNamespacedControllerRevisionAsync(second, space.Name);
        Assert.Equal(2, (await apps.ListNamespacedControllerRevisionAsync(space.Name, labelSelector: "app=agent")).Items.Count);
        await apps.DeleteNamespacedControllerRevisionAsync("by-hand", space.Name);
        await apps.DeleteCollectionNamespacedControllerRevisionAsync(space.Name, labelSelector: "patched=yes");
        await space.UntilAsync(
            async () => (await apps.ListNamespacedControllerRevisionAsync(space.Name, labelSelector: "app=agent")).Items,
            revisions => revisions is [var made] && made.Metadata.Uid != first.Metadata.Uid);
    }

    private static async Task<V1Pod> CreateAsync(Space space)
    {
        await space.Client.AppsV1.CreateNamespacedDaemonSetAsync(Manifests.DaemonSet("agent"), space.Name);
        var pod = (await space.ReadyAsync("agent", 1))[0];
        await space.DaemonSetAsync("agent", set => set.Status is { DesiredNumberScheduled: 1, NumberReady: 1, UpdatedNumberScheduled: 1 });
        return pod;
    }

    private static async Task<V1Pod> NextAsync(Space space, V1Pod before) =>
        (await space.UntilAsync(() => space.PodsAsync("agent"), pods => pods is [var pod] && pod.Metadata.Uid != before.Metadata.Uid && pod.IsReady()))[0];

    private static Task PatchImageAsync(Space space, string image) => space.Client.AppsV1.PatchNamespacedDaemonSetAsync(
        Image(image), "agent", space.Name);

    private static Task LabelAsync(Space space, string node, string label, string? value) =>
        space.Client.CoreV1.PatchNodeAsync(Merge(new { metadata = new { labels = new Dictionary<string, string?> { [label] = value } } }), node);
}
