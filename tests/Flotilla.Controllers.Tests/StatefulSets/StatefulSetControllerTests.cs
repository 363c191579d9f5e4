using Flotilla.Client;
using Flotilla.Controllers.Pods;
using Flotilla.Controllers.StatefulSets;
using Flotilla.Controllers.Tests.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.StatefulSets;

public sealed class StatefulSetControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new StatefulSetController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Pods_come_one_after_the_other_each_with_its_name_and_claim()
    {
        await cluster.CreateAsync(New(3));
        await ReadyAsync("image:1", 3, meanwhile: async () =>
        {
            var pods = await cluster.ListAsync<V1Pod>("default");
            Assert.InRange(pods.Count(pod => !pod.IsReady()), 0, 1);
        });

        var pod = await cluster.GetAsync<V1Pod>("default", "web-2");
        Assert.Equal(("web-2", "peers"), (pod.Spec.Hostname, pod.Spec.Subdomain));
        Assert.Equal("2", pod.Metadata.Labels["apps.kubernetes.io/pod-index"]);
        Assert.Equal("data-web-2", pod.Spec.Volumes.Single(volume => volume.Name == "data").PersistentVolumeClaim.ClaimName);
        Assert.Equal(["data-web-0", "data-web-1", "data-web-2"], (await cluster.ListAsync<V1PersistentVolumeClaim>("default")).Select(claim => claim.Metadata.Name));
        var status = (await SetAsync()).Status;
        Assert.Equal((3, 3, 3, 3, 3, 0), (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, status.UpdatedReplicas, status.CollisionCount));
        Assert.Equal(status.UpdateRevision, status.CurrentRevision);
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<Corev1Event>("default")).Any(value => value.Message == "Create Pod web-0 in StatefulSet web successful"), "the event");
    }

    [Fact]
    public async Task One_that_never_becomes_ready_holds_up_the_rest()
    {
        await cluster.CreateAsync(New(2));
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Pod>("default")).Count == 1, "the first");
        for (var second = 0; second < 60; second++)
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("web-0", Assert.Single(await cluster.ListAsync<V1Pod>("default")).Metadata.Name);
    }

    [Fact]
    public async Task In_parallel_they_all_come_at_once()
    {
        var set = New(5);
        set.Spec.PodManagementPolicy = "Parallel";
        await cluster.CreateAsync(set);
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Pod>("default")).Count == 5, "five pods, none of them ready");
    }

    [Fact]
    public async Task Scaling_down_takes_the_highest_first_and_keeps_the_claims()
    {
        await cluster.CreateAsync(New(3));
        await ReadyAsync("image:1", 3);
        await cluster.ChangeAsync<V1StatefulSet>("default", "web", set => set.Spec.Replicas = 1);
        await ReadyAsync("image:1", 1);
        Assert.Equal("web-0", Assert.Single(await cluster.ListAsync<V1Pod>("default")).Metadata.Name);
        Assert.Equal(3, (await cluster.ListAsync<V1PersistentVolumeClaim>("default")).Count);
    }

    [Fact]
    public async Task A_new_template_is_rolled_out_from_the_highest_number_down_one_at_a_time()
    {
        await cluster.CreateAsync(New(3));
        await ReadyAsync("image:1", 3);
        await SetImageAsync("image:2");
        await ReadyAsync("image:2", 3, meanwhile: async () =>
        {
            var pods = await cluster.ListAsync<V1Pod>("default");
            Assert.InRange(pods.Count(pod => pod.IsReady() && pod.IsActive()), 2, 3);
            var old = pods.Where(pod => pod.Spec.Containers[0].Image == "image:1").Select(pod => pod.Metadata.Name).Order();
            Assert.Equal(old, new[] { "web-0", "web-1", "web-2" }.Take(old.Count()));
        });
        Assert.Equal((await SetAsync()).Status.UpdateRevision, (await SetAsync()).Status.CurrentRevision);
    }

    [Fact]
    public async Task Below_the_partition_pods_keep_the_old_template_even_when_they_are_replaced()
    {
        await cluster.CreateAsync(New(3));
        await ReadyAsync("image:1", 3);
        await cluster.ChangeAsync<V1StatefulSet>("default", "web", set =>
        {
            set.Spec.UpdateStrategy = new V1StatefulSetUpdateStrategy { RollingUpdate = new V1RollingUpdateStatefulSetStrategy { Partition = 2 } };
            set.Spec.Template.Spec.Containers[0].Image = "image:2";
        });
        await ImagesAsync("image:1 image:1 image:2");
        await cluster.Client.DeleteAsync<V1Pod>(new("default", "web-0"), new V1DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);
        await ImagesAsync("image:1 image:1 image:2");
    }

    [Fact]
    public async Task A_failed_pod_is_recreated_under_its_name()
    {
        await cluster.CreateAsync(New(2));
        await ReadyAsync("image:1", 2);
        var before = (await cluster.GetAsync<V1Pod>("default", "web-0")).Metadata.Uid;
        await cluster.ChangeAsync<V1Pod>("default", "web-0", pod => pod.Status.Phase = "Failed");
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                return (await cluster.ListAsync<V1Pod>("default")).Any(pod => pod.Metadata.Name == "web-0" && pod.Metadata.Uid != before && pod.IsReady());
            },
            "another web-0");
    }

    [Fact]
    public async Task Numbers_may_begin_elsewhere()
    {
        var set = New(2);
        set.Spec.Ordinals = new V1StatefulSetOrdinals { Start = 5 };
        await cluster.CreateAsync(set);
        await ReadyAsync("image:1", 2);
        Assert.Equal(["web-5", "web-6"], (await cluster.ListAsync<V1Pod>("default")).Select(pod => pod.Metadata.Name));
        await cluster.ChangeAsync<V1StatefulSet>("default", "web", value => value.Spec.Ordinals.Start = 4);
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                return (await cluster.ListAsync<V1Pod>("default")).Select(pod => pod.Metadata.Name).SequenceEqual(["web-4", "web-5"]);
            },
            "the range moves");
    }

    [Fact]
    public async Task Several_may_be_out_of_service_during_a_rollout()
    {
        var set = New(5);
        set.Spec.UpdateStrategy = new V1StatefulSetUpdateStrategy
        {
            Type = "RollingUpdate",
            RollingUpdate = new V1RollingUpdateStatefulSetStrategy { Partition = 0, MaxUnavailable = (IntOrString)"40%" },
        };
        await cluster.CreateAsync(set);
        await ReadyAsync("image:1", 5);
        await SetImageAsync("image:2");
        var least = 5;
        await ReadyAsync("image:2", 5, meanwhile: async () =>
            least = Math.Min(least, (await cluster.ListAsync<V1Pod>("default")).Count(pod => pod.IsReady() && pod.IsActive())));
        Assert.Equal(3, least);
    }

    [Fact]
    public async Task Claims_of_numbers_that_are_gone_may_go_too()
    {
        var set = New(3);
        set.Spec.PersistentVolumeClaimRetentionPolicy = new V1StatefulSetPersistentVolumeClaimRetentionPolicy { WhenScaled = "Delete", WhenDeleted = "Delete" };
        await cluster.CreateAsync(set);
        await ReadyAsync("image:1", 3);
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1PersistentVolumeClaim>("default")).All(claim => claim.Controller() is { Kind: "StatefulSet" }), "they are the set's");
        await cluster.ChangeAsync<V1StatefulSet>("default", "web", value => value.Spec.Replicas = 2);
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<V1PersistentVolumeClaim>("default", "data-web-2")).Controller() is { Kind: "Pod", Name: "web-2" }, "it is its pod's");
    }

    [Theory]
    [InlineData("Retain", "Retain", true, null)]
    [InlineData("Retain", "Delete", true, "StatefulSet")]
    [InlineData("Delete", "Retain", true, null)]
    [InlineData("Retain", "Delete", false, "StatefulSet")]
    [InlineData("Delete", "Retain", false, "Pod")]
    [InlineData("Delete", "Delete", false, "Pod")]
    public void Policies_say_to_whom_a_claim_belongs(string whenScaled, string whenDeleted, bool isInRange, string? owner)
    {
        var set = New(1);
        set.Metadata.Uid = "set";
        set.Spec.PersistentVolumeClaimRetentionPolicy = new V1StatefulSetPersistentVolumeClaimRetentionPolicy { WhenScaled = whenScaled, WhenDeleted = whenDeleted };
        var pod = new V1Pod { Metadata = new V1ObjectMeta { Name = "web-0", Uid = "pod" } };
        var claim = new V1PersistentVolumeClaim { Metadata = new V1ObjectMeta() };
        var owners = ClaimOwners.For(set, pod, isInRange, claim);
        Assert.Equal(owner, owners?.Single().Kind);
        claim.Metadata.OwnerReferences = [new V1OwnerReference { Uid = "set" }, new V1OwnerReference { Uid = "pod" }];
        Assert.Equal(owner is null ? [] : new[] { owner }, ClaimOwners.For(set, pod, isInRange, claim)!.Select(reference => reference.Kind));
    }

    private Task ReadyAsync(string image, int count, Func<Task>? meanwhile = null) => cluster.UntilAsync(
        async () =>
        {
            await cluster.RunPodsAsync();
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
            var pods = await cluster.ListAsync<V1Pod>("default");
            var status = (await SetAsync()).Status;
            return pods.Count == count
                && pods.All(pod => pod.Spec.Containers[0].Image == image)
                && status?.AvailableReplicas == count
                && status.CurrentRevision == status.UpdateRevision
                && status.CurrentReplicas == count;
        },
        $"{count} pods of {image}");

    private Task ImagesAsync(string images) => cluster.UntilAsync(
        async () =>
        {
            await cluster.RunPodsAsync();
            var pods = await cluster.ListAsync<V1Pod>("default");
            return pods.All(pod => pod.IsReady()) && string.Join(' ', pods.Select(pod => pod.Spec.Containers[0].Image)) == images;
        },
        images);

    private Task SetImageAsync(string image) =>
        cluster.ChangeAsync<V1StatefulSet>("default", "web", set => set.Spec.Template.Spec.Containers[0].Image = image);

    private Task<V1StatefulSet> SetAsync() => cluster.GetAsync<V1StatefulSet>("default", "web");

    private static V1StatefulSet New(int replicas) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "StatefulSet",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1StatefulSetSpec
        {
            Replicas = replicas,
            ServiceName = "peers",
            Selector = new V1LabelSelector { MatchLabels = Sets.Labels },
            Template = Sets.Template("image:1"),
            VolumeClaimTemplates = [new V1PersistentVolumeClaim { Metadata = new V1ObjectMeta { Name = "data" }, Spec = new V1PersistentVolumeClaimSpec() }],
        },
    };
}
