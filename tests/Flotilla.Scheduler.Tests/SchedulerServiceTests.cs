using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Scheduler.Tests;

/// <summary>The whole scheduler in front of an in-memory cluster.</summary>
public sealed class SchedulerServiceTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new();
    private readonly MemoryStore store = new();
    private readonly StoreClient client;
    private readonly InformerSet informers;
    private readonly SchedulerService scheduler;

    public SchedulerServiceTests()
    {
        client = new StoreClient(store, time);
        informers = new InformerSet(client, time, NullLoggerFactory.Instance);
        scheduler = new SchedulerService(client, informers, time, NullLoggerFactory.Instance);
    }

    public async ValueTask InitializeAsync()
    {
        await informers.StartAsync(default);
        await scheduler.StartAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await scheduler.StopAsync(default);
        await informers.StopAsync(default);
        scheduler.Dispose();
        informers.Dispose();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_pod_gets_a_node_and_an_event_says_so()
    {
        await CreateAsync(Given.Node("a"));
        await CreateAsync(Given.Pod("p"));

        await UntilAsync(async () => (await PodAsync("p")).Spec.NodeName == "a");
        await UntilAsync(async () => (await EventsAsync()).Contains("Normal Scheduled Successfully assigned default/p to a"));
    }

    [Fact]
    public async Task A_hundred_pods_at_once_never_exceed_what_nodes_have()
    {
        await CreateAsync(Given.Node("a", cpu: "5"));
        await CreateAsync(Given.Node("b", cpu: "5"));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => CreateAsync(Given.Pod($"p{i}", "100m"))));

        await UntilAsync(async () => (await client.ListAsync<V1Pod>(ListScope.All, default)).Items.All(pod => pod.Spec.NodeName is not null));
        var pods = (await client.ListAsync<V1Pod>(ListScope.All, default)).Items;
        Assert.Equal([50, 50], pods.CountBy(pod => pod.Spec.NodeName).Select(node => node.Value));
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_placed_when_a_node_appears()
    {
        await CreateAsync(Given.Node("small", cpu: "1"));
        await CreateAsync(Given.Pod("p", "2"));
        await UntilAsync(async () => Condition(await PodAsync("p")) ==
            "False Unschedulable 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
            + "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");

        await CreateAsync(Given.Node("large"));
        await UntilAsync(async () => (await PodAsync("p")).Spec.NodeName == "large");
    }

    [Fact]
    public async Task A_deleted_pod_makes_room()
    {
        await CreateAsync(Given.Node("a", cpu: "2"));
        await CreateAsync(Given.Pod("first", "2"));
        await UntilAsync(async () => (await PodAsync("first")).Spec.NodeName == "a");
        await CreateAsync(Given.Pod("second", "2"));
        await UntilAsync(async () => Condition(await PodAsync("second")) is not null);

        await client.DeleteAsync<V1Pod>(new ObjectKey("default", "first"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await UntilAsync(async () => (await PodAsync("second")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_more_important_pod_evicts_a_less_important_one()
    {
        await CreateAsync(Given.Node("a", cpu: "2"));
        await CreateAsync(Given.Pod("low", "2"));
        await UntilAsync(async () => (await PodAsync("low")).Spec.NodeName == "a");
        await CreateAsync(Given.Pod("high", "2", with: pod => pod.Spec.Priority = 100));

        await UntilAsync(async () => (await PodAsync("low")).Metadata.DeletionTimestamp is not null);
        Assert.Equal("a", (await PodAsync("high")).Status.NominatedNodeName);
        await client.DeleteAsync<V1Pod>(new ObjectKey("default", "low"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await UntilAsync(async () => (await PodAsync("high")).Spec.NodeName == "a");
        await UntilAsync(async () => (await EventsAsync()).Any(one => one.StartsWith("Normal Preempted Preempted by pod", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Gated_pods_and_pods_of_other_schedulers_are_left_alone()
    {
        await CreateAsync(Given.Node("a"));
        await CreateAsync(Given.Pod("gated", with: pod => pod.Spec.SchedulingGates = [new V1PodSchedulingGate { Name = "wait" }]));
        await CreateAsync(Given.Pod("other", with: pod => pod.Spec.SchedulerName = "mine"));
        await CreateAsync(Given.Pod("ours"));
        await UntilAsync(async () => (await PodAsync("ours")).Spec.NodeName == "a");

        Assert.Null((await PodAsync("gated")).Spec.NodeName);
        Assert.Null((await PodAsync("other")).Spec.NodeName);

        var open = await PodAsync("gated");
        open.Spec.SchedulingGates = [];
        await client.UpdateAsync(open, default);
        await UntilAsync(async () => (await PodAsync("gated")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_scheduler_that_was_stopped_starts_again_where_the_cluster_is_now()
    {
        await CreateAsync(Given.Node("a", cpu: "2"));
        await CreateAsync(Given.Pod("before", "1"));
        await UntilAsync(async () => (await PodAsync("before")).Spec.NodeName == "a");
        await scheduler.StopAsync(default);
        await CreateAsync(Given.Pod("meanwhile", "1"));
        await CreateAsync(Given.Pod("late", "1"));

        await scheduler.StartAsync(default);
        await UntilAsync(async () => (await client.ListAsync<V1Pod>(ListScope.All, default)).Items.Count(pod => pod.Spec.NodeName == "a") == 2);
        await UntilAsync(async () => Condition(await PodAsync("late")) is not null || Condition(await PodAsync("meanwhile")) is not null);
        Assert.Single((await EventsAsync()), one => one.StartsWith("Normal Scheduled Successfully assigned default/before", StringComparison.Ordinal));
    }

    private static string? Condition(V1Pod pod) =>
        pod.Status?.Conditions?.FirstOrDefault(one => one.Type == "PodScheduled") is { } condition
            ? $"{condition.Status} {condition.Reason} {condition.Message}"
            : null;

    private Task<T> CreateAsync<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.CreateAsync(value, default);

    private Task<V1Pod> PodAsync(string name) => client.GetAsync<V1Pod>(new ObjectKey("default", name), default);

    private async Task<List<string>> EventsAsync() =>
        [.. (await client.ListAsync<Corev1Event>(ListScope.All, default)).Items.Select(one => $"{one.Type} {one.Reason} {one.Message}")];

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(2, limit.Token);
        }
    }
}
