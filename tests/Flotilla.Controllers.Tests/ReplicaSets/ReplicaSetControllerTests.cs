using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using Flotilla.Controllers.ReplicaSets;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.ReplicaSets;

public sealed class ReplicaSetControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new ReplicaSetController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Creates_exactly_as_many_pods_as_wanted_and_reports_them()
    {
        var set = await cluster.CreateAsync(Sets.New("web", 20));
        await ReadyAsync(20);
        var pods = await cluster.ListAsync<V1Pod>("default");

        Assert.Equal(20, pods.Count);
        Assert.All(pods, pod => Assert.Equal(set.Metadata.Uid, pod.Controller()!.Uid));
        Assert.All(pods, pod => Assert.StartsWith("web-", pod.Metadata.Name, StringComparison.Ordinal));
        var status = (await cluster.GetAsync<V1ReplicaSet>("default", "web")).Status;
        Assert.Equal((20, 20, 20, 0, 1L), (status.Replicas, status.FullyLabeledReplicas, status.AvailableReplicas, status.TerminatingReplicas, status.ObservedGeneration));
        await cluster.UntilAsync(async () => await EventsAsync("SuccessfulCreate") == 20, "an event for each pod");
    }

    [Fact]
    public async Task Replaces_a_pod_that_was_deleted()
    {
        await cluster.CreateAsync(Sets.New("web", 2));
        await ReadyAsync(2);
        var victim = (await cluster.ListAsync<V1Pod>("default"))[0];
        await cluster.Client.DeleteAsync<V1Pod>(victim.Key(), null, CancellationToken.None);
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                var names = (await cluster.ListAsync<V1Pod>("default")).Select(pod => pod.Metadata.Name).ToList();
                return names.Count == 2 && !names.Contains(victim.Metadata.Name);
            },
            "another pod in its place");
    }

    [Fact]
    public async Task Scaling_down_deletes_the_surplus()
    {
        await cluster.CreateAsync(Sets.New("web", 5));
        await ReadyAsync(5);
        await cluster.ChangeAsync<V1ReplicaSet>("default", "web", set => set.Spec.Replicas = 2);
        await ReadyAsync(2);
        Assert.Equal(2, (await cluster.ListAsync<V1Pod>("default")).Count);
        await cluster.UntilAsync(async () => await EventsAsync("SuccessfulDelete") == 3, "an event for each deletion");
    }

    [Fact]
    public async Task Adopts_matching_orphans_instead_of_creating_and_releases_pods_that_no_longer_match()
    {
        await cluster.CreateAsync(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "orphan", NamespaceProperty = "default", Labels = Sets.Labels },
            Spec = new V1PodSpec(),
        });
        // Sets and pods are watched apart: a set that is seen first gets a pod of its own.
        await cluster.UntilAsync(
            () => Task.FromResult(cluster.Informers.Of<V1Pod>().Get(new ObjectKey("default", "orphan")) is not null), "the orphan is seen");
        var set = await cluster.CreateAsync(Sets.New("web", 1));
        await ReadyAsync(1);
        var pod = Assert.Single(await cluster.ListAsync<V1Pod>("default"));
        Assert.Equal(set.Metadata.Uid, pod.Controller()?.Uid);

        await cluster.ChangeAsync<V1Pod>("default", "orphan", value => value.Metadata.Labels = new Dictionary<string, string> { ["app"] = "debug" });
        await cluster.UntilAsync(
            async () => (await cluster.ListAsync<V1Pod>("default")).Count == 2
                && (await cluster.GetAsync<V1Pod>("default", "orphan")).Controller() is null,
            "the pod is let go and replaced");
    }

    [Fact]
    public async Task A_finished_pod_is_replaced()
    {
        await cluster.CreateAsync(Sets.New("web", 1));
        await ReadyAsync(1);
        var name = (await cluster.ListAsync<V1Pod>("default"))[0].Metadata.Name;
        await cluster.ChangeAsync<V1Pod>("default", name, pod => pod.Status.Phase = "Failed");
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Pod>("default")).Count(pod => pod.IsActive()) == 1, "a new pod");
    }

    [Fact]
    public async Task A_pod_counts_as_available_only_after_its_minimum_time()
    {
        var set = Sets.New("web", 1);
        set.Spec.MinReadySeconds = 3600;
        await cluster.CreateAsync(set);
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.RunPodsAsync();
                return (await cluster.GetAsync<V1ReplicaSet>("default", "web")).Status?.ReadyReplicas == 1;
            },
            "ready");
        Assert.Null((await cluster.GetAsync<V1ReplicaSet>("default", "web")).Status.AvailableReplicas);
        cluster.Time.Advance(TimeSpan.FromSeconds(3600));
        await cluster.UntilAsync(
            async () => (await cluster.GetAsync<V1ReplicaSet>("default", "web")).Status.AvailableReplicas == 1, "available by the passing of time");
    }

    private Task ReadyAsync(int count) => cluster.UntilAsync(
        async () =>
        {
            await cluster.RunPodsAsync();
            var status = (await cluster.GetAsync<V1ReplicaSet>("default", "web")).Status;
            return status?.AvailableReplicas == count && status.Replicas == count && status.TerminatingReplicas == 0;
        },
        $"{count} pods available");

    private async Task<int?> EventsAsync(string reason) =>
        (await cluster.ListAsync<Corev1Event>("default")).Where(value => value.Reason == reason).Sum(value => value.Count);
}
