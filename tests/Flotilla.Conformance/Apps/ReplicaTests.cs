using System.Net;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Autorest;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

/// <summary>ReplicaSets and the older ReplicationControllers, which behave alike.</summary>
public sealed class ReplicaTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("ReplicaSet")]
    [InlineData("ReplicationController")]
    public async Task Each_replica_serves(string kind)
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, kind, 2, null);
        foreach (var pod in await space.ReadyAsync("web", 2))
        {
            await space.UntilAsync(
                async () => (await space.KubectlAsync("exec", pod.Metadata.Name, "--", "wget", "-qO-", "http://localhost:8080/")).Output,
                answer => answer.Contains(pod.Metadata.Name, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("ReplicaSet")]
    [InlineData("ReplicationController")]
    public async Task A_pod_that_matches_is_adopted_and_one_that_no_longer_does_is_let_go(string kind)
    {
        await using var space = await Space.CreateAsync(cluster);
        var orphan = new V1Pod { Metadata = new V1ObjectMeta { Name = "orphan", Labels = Manifests.Labels("web") }, Spec = Manifests.Template("web").Spec };
        await space.Client.CoreV1.CreateNamespacedPodAsync(orphan, space.Name);
        await CreateAsync(space, kind, 1);
        await space.PodAsync("orphan", pod => pod.Metadata.OwnerReferences?.Any(owner => owner.Kind == kind && owner.Controller == true) == true);
        Assert.Single(await space.PodsAsync("web"));
        await space.Client.CoreV1.PatchNamespacedPodAsync(Merge("""{"metadata":{"labels":{"app":"other"}}}"""), "orphan", space.Name);
        await space.PodAsync("orphan", pod => pod.Metadata.OwnerReferences is not { Count: > 0 });
        await space.ReadyAsync("web", 1);
    }

    [Theory]
    [InlineData("ReplicaSet")]
    [InlineData("ReplicationController")]
    public async Task Its_scale_can_be_read_replaced_and_patched(string kind)
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, kind, 1);
        var (apps, core) = (space.Client.AppsV1, space.Client.CoreV1);
        var isSet = kind == "ReplicaSet";
        var scale = isSet ? await apps.ReadNamespacedReplicaSetScaleAsync("web", space.Name) : await core.ReadNamespacedReplicationControllerScaleAsync("web", space.Name);
        Assert.Equal(1, scale.Spec.Replicas);
        scale.Spec.Replicas = 2;
        scale.Metadata.ResourceVersion = null; // Its controller writes too.
        _ = isSet
            ? await apps.ReplaceNamespacedReplicaSetScaleAsync(scale, "web", space.Name)
            : await core.ReplaceNamespacedReplicationControllerScaleAsync(scale, "web", space.Name);
        await space.ReadyAsync("web", 2);
        var patch = Merge("""{"spec":{"replicas":1}}""");
        _ = isSet
            ? await apps.PatchNamespacedReplicaSetScaleAsync(patch, "web", space.Name)
            : await core.PatchNamespacedReplicationControllerScaleAsync(patch, "web", space.Name);
        await space.ReadyAsync("web", 1);
    }

    [Fact]
    public async Task A_replica_set_is_scaled_and_replaced_by_patches()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "ReplicaSet", 1);
        await space.ReadyAsync("web", 1);

        // Its status may change in between.
        await space.UntilAsync(
            async () =>
            {
                var set = await space.Client.AppsV1.ReadNamespacedReplicaSetAsync("web", space.Name);
                set.Spec.Replicas = 2;
                set.Metadata.Labels["test"] = "replaced";
                try
                {
                    await space.Client.AppsV1.ReplaceNamespacedReplicaSetAsync(set, "web", space.Name);
                    return true;
                }
                catch (HttpOperationException conflict) when (conflict.Response.StatusCode == HttpStatusCode.Conflict)
                {
                    return false;
                }
            },
            isReplaced => isReplaced);
        await space.ReadyAsync("web", 2);
        await space.Client.AppsV1.PatchNamespacedReplicaSetAsync(
            new V1Patch("""{"metadata":{"labels":{"test":"patched"}},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"main","image":"other-image"}]}}}}""", V1Patch.PatchType.StrategicMergePatch),
            "web", space.Name);
        var patched = await space.Client.AppsV1.ReadNamespacedReplicaSetAsync("web", space.Name);
        Assert.Equal(("patched", "other-image"), (patched.Metadata.Labels["test"], patched.Spec.Template.Spec.Containers[0].Image));
        await space.UntilAsync(async () => (await space.PodsAsync("web")).Count, count => count == 1);
    }

    [Fact]
    public async Task A_quota_that_stands_in_the_way_shows_as_a_condition_until_it_does_not()
    {
        await using var space = await Space.CreateAsync(cluster);
        var quota = new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = "two" },
            Spec = new V1ResourceQuotaSpec { Hard = new Dictionary<string, ResourceQuantity> { ["pods"] = new("2") } },
        };
        await space.Client.CoreV1.CreateNamespacedResourceQuotaAsync(quota, space.Name);
        await space.UntilAsync(() => space.Client.CoreV1.ReadNamespacedResourceQuotaAsync("two", space.Name), value => value.Status?.Hard is { Count: > 0 });
        await CreateAsync(space, "ReplicationController", 3);
        var failing = await space.UntilAsync(
            () => space.Client.CoreV1.ReadNamespacedReplicationControllerAsync("web", space.Name), value => value.Status.Conditions is { Count: > 0 });
        Assert.Equal(("ReplicaFailure", "True", "FailedCreate"), (failing.Status.Conditions[0].Type, failing.Status.Conditions[0].Status, failing.Status.Conditions[0].Reason));
        await space.Client.CoreV1.PatchNamespacedReplicationControllerScaleAsync(Merge("""{"spec":{"replicas":2}}"""), "web", space.Name);
        await space.UntilAsync(
            () => space.Client.CoreV1.ReadNamespacedReplicationControllerAsync("web", space.Name), value => value.Status.Conditions is not { Count: > 0 });
    }

    private static Task CreateAsync(Space space, string kind, int replicas, string? command = "sleep 3600") => kind == "ReplicaSet"
        ? space.Client.AppsV1.CreateNamespacedReplicaSetAsync(Manifests.ReplicaSet("web", replicas, command), space.Name)
        : space.Client.CoreV1.CreateNamespacedReplicationControllerAsync(Manifests.ReplicationController("web", replicas, command), space.Name);
}
