using System.Globalization;
using Flotilla.Client;
using Flotilla.Controllers.Deployments;
using Flotilla.Controllers.Pods;
using Flotilla.Controllers.ReplicaSets;
using Flotilla.Controllers.Tests.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Deployments;

public sealed class DeploymentControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new DeploymentController(context), context => new ReplicaSetController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_deployment_becomes_available_and_says_so_as_upstream_does()
    {
        await cluster.CreateAsync(New(2));
        await CompleteAsync("image:1", 2);

        var set = Assert.Single(await cluster.ListAsync<V1ReplicaSet>("default"));
        Assert.Equal($"web-{set.Metadata.Labels[TemplateHash.Label]}", set.Metadata.Name);
        Assert.Equal(set.Metadata.Labels[TemplateHash.Label], set.Spec.Selector.MatchLabels[TemplateHash.Label]);
        Assert.Equal("2", set.Metadata.Annotations[Revisions.DesiredReplicas]);
        Assert.Equal("3", set.Metadata.Annotations[Revisions.MaxReplicas]);
        Assert.Equal("1", set.Metadata.Annotations[Revisions.Revision]);

        var deployment = await GetAsync();
        Assert.Equal("1", deployment.Metadata.Annotations[Revisions.Revision]);
        Assert.Equal(
            [
                "Available=True MinimumReplicasAvailable: Deployment has minimum availability.",
                $"Progressing=True NewReplicaSetAvailable: ReplicaSet \"{set.Metadata.Name}\" has successfully progressed.",
            ],
            deployment.Status.Conditions.OrderBy(condition => condition.Type).Select(Text));
        Assert.Equal((2, 2, 2, 2, null, 0), (deployment.Status.Replicas, deployment.Status.ReadyReplicas, deployment.Status.UpdatedReplicas, deployment.Status.AvailableReplicas, deployment.Status.UnavailableReplicas, deployment.Status.TerminatingReplicas));
        await cluster.UntilAsync(
            async () => (await EventsAsync()).Contains($"ScalingReplicaSet Scaled up replica set {set.Metadata.Name} from 0 to 2"), "the event");
    }

    [Fact]
    public async Task A_new_template_rolls_out_with_enough_pods_available_at_any_moment()
    {
        await cluster.CreateAsync(New(4));
        await CompleteAsync("image:1", 4);
        await SetImageAsync("image:2");
        await CompleteAsync("image:2", 4, async () =>
        {
            // The surge bounds what is asked for; a set may be about to delete a pod that it no longer wants. The new set only grows.
            var pods = await cluster.ListAsync<V1Pod>("default");
            var sets = await SetsAsync();
            Assert.InRange(sets.Sum(RolloutSets.Size), 3, 5);
            Assert.InRange(pods.Count(pod => pod.Spec.Containers[0].Image == "image:2"), 0, sets.Where(set => set.Spec.Template.Spec.Containers[0].Image == "image:2").Sum(RolloutSets.Size));
            Assert.True(pods.Count(pod => pod.IsActive() && pod.IsReady()) >= 3);
        });

        Assert.Equal([0, 4], (await SetsAsync()).Select(set => set.Spec.Replicas ?? 0));
        Assert.Equal("2", (await GetAsync()).Metadata.Annotations[Revisions.Revision]);
    }

    [Fact]
    public async Task Rolling_back_reuses_the_old_set_as_the_newest_revision()
    {
        await cluster.CreateAsync(New(2));
        await CompleteAsync("image:1", 2);
        await SetImageAsync("image:2");
        await CompleteAsync("image:2", 2);
        await SetImageAsync("image:1");
        await CompleteAsync("image:1", 2);

        var sets = await SetsAsync();
        Assert.Equal([2L, 3L], sets.Select(Revisions.RevisionOf));
        Assert.Equal("1", sets[1].Metadata.Annotations[Revisions.History]);
        Assert.Equal("3", (await GetAsync()).Metadata.Annotations[Revisions.Revision]);
    }

    [Fact]
    public async Task A_rollout_that_never_becomes_ready_keeps_the_old_pods_and_exceeds_its_deadline()
    {
        await cluster.CreateAsync(New(2));
        await CompleteAsync("image:1", 2);
        await SetImageAsync("bad");
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync(ready: pod => pod.Spec.Containers[0].Image != "bad");
                cluster.Time.Advance(TimeSpan.FromSeconds(1));
                return Progressing(await GetAsync())?.Reason == "ProgressDeadlineExceeded";
            },
            "the deadline passes");

        var deployment = await GetAsync();
        var bad = (await SetsAsync())[^1];
        Assert.Equal($"Progressing=False ProgressDeadlineExceeded: ReplicaSet \"{bad.Metadata.Name}\" has timed out progressing.", Text(Progressing(deployment)!));
        Assert.Equal((3, 1, 2, 1), (deployment.Status.Replicas, deployment.Status.UpdatedReplicas, deployment.Status.AvailableReplicas, deployment.Status.UnavailableReplicas));
        Assert.Equal("True", deployment.Status.Conditions.Single(condition => condition.Type == "Available").Status);

        await SetImageAsync("image:1");
        await CompleteAsync("image:1", 2);
    }

    [Fact]
    public async Task While_paused_nothing_rolls_out_but_scaling_works()
    {
        await cluster.CreateAsync(New(2));
        await CompleteAsync("image:1", 2);
        await cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Paused = true);
        await cluster.UntilAsync(async () => Progressing(await GetAsync())?.Reason == "DeploymentPaused", "paused");
        await SetImageAsync("image:2");
        await cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Replicas = 5);
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                return (await GetAsync()).Status.AvailableReplicas == 5;
            },
            "scaled while paused");
        Assert.All(await cluster.ListAsync<V1Pod>("default"), pod => Assert.Equal("image:1", pod.Spec.Containers[0].Image));

        await cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Paused = false);
        await CompleteAsync("image:2", 5);
    }

    [Fact]
    public async Task Recreate_never_runs_old_and_new_together()
    {
        var deployment = New(3);
        deployment.Spec.Strategy = new V1DeploymentStrategy { Type = "Recreate" };
        await cluster.CreateAsync(deployment);
        await CompleteAsync("image:1", 3);
        await SetImageAsync("image:2");
        await CompleteAsync("image:2", 3, async () =>
            Assert.InRange((await cluster.ListAsync<V1Pod>("default")).Select(pod => pod.Spec.Containers[0].Image).Distinct().Count(), 0, 1));
    }

    [Fact]
    public async Task History_beyond_its_limit_is_forgotten()
    {
        var deployment = New(1);
        deployment.Spec.RevisionHistoryLimit = 2;
        await cluster.CreateAsync(deployment);
        for (var version = 1; version <= 5; version++)
        {
            await SetImageAsync(string.Create(CultureInfo.InvariantCulture, $"image:{version}"));
            await CompleteAsync(string.Create(CultureInfo.InvariantCulture, $"image:{version}"), 1);
        }

        await cluster.UntilAsync(async () => (await SetsAsync()).Count == 3, "two old sets and the present one");
        Assert.Equal([3L, 4L, 5L], (await SetsAsync()).Select(Revisions.RevisionOf));
    }

    [Fact]
    public async Task Scaling_down_and_up_ends_with_the_wanted_number()
    {
        await cluster.CreateAsync(New(6));
        await CompleteAsync("image:1", 6);
        await cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Replicas = 1);
        await CompleteAsync("image:1", 1);
        await cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Replicas = 0);
        await CompleteAsync("image:1", 0);
        await cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Replicas = 3);
        await CompleteAsync("image:1", 3);
        Assert.Equal("1", (await GetAsync()).Metadata.Annotations[Revisions.Revision]);
    }

    private Task CompleteAsync(string image, int count, Func<Task>? meanwhile = null) => cluster.UntilAsync(
        async () =>
        {
            await cluster.RunPodsAsync();
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
            var deployment = await GetAsync();
            var pods = await cluster.ListAsync<V1Pod>("default");
            return DeploymentStatusRules.IsComplete(deployment, deployment.Status)
                && Progressing(deployment)?.Reason == "NewReplicaSetAvailable"
                && pods.Count == count
                && deployment.Status.TerminatingReplicas == 0
                && pods.All(pod => pod.Spec.Containers[0].Image == image);
        },
        $"{count} pods of {image}");

    private Task SetImageAsync(string image) =>
        cluster.ChangeAsync<V1Deployment>("default", "web", value => value.Spec.Template.Spec.Containers[0].Image = image);

    private Task<V1Deployment> GetAsync() => cluster.GetAsync<V1Deployment>("default", "web");

    private async Task<List<V1ReplicaSet>> SetsAsync() =>
        [.. (await cluster.ListAsync<V1ReplicaSet>("default")).OrderBy(Revisions.RevisionOf)];

    private async Task<List<string>> EventsAsync() =>
        [.. (await cluster.ListAsync<Corev1Event>("default")).Select(value => $"{value.Reason} {value.Message}")];

    private static V1DeploymentCondition? Progressing(V1Deployment deployment) =>
        deployment.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Progressing");

    private static string Text(V1DeploymentCondition condition) => $"{condition.Type}={condition.Status} {condition.Reason}: {condition.Message}";

    private static V1Deployment New(int replicas) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "Deployment",
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1DeploymentSpec
        {
            Replicas = replicas,
            ProgressDeadlineSeconds = 60,
            RevisionHistoryLimit = 10,
            Selector = new V1LabelSelector { MatchLabels = Sets.Labels },
            Template = Sets.Template("image:1"),
        },
    };
}
