using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Tests;

/// <summary>The whole scheduler in front of an in-memory cluster.</summary>
public sealed class SchedulerServiceTests : IAsyncLifetime
{
    private readonly SchedulerScene scene = new();

    public async ValueTask InitializeAsync()
    {
        await scene.StartAsync();
    }

    public ValueTask DisposeAsync() => scene.DisposeAsync();

    [Fact]
    public async Task A_pod_gets_a_node_and_an_event_says_so()
    {
        await scene.CreateAsync(Given.Node("a"));
        await scene.CreateAsync(Given.Pod("p"));

        await scene.UntilAsync(async () => (await scene.PodAsync("p")).Spec.NodeName == "a");
        await scene.UntilAsync(async () => (await EventsAsync()).Contains("Normal Scheduled Successfully assigned default/p to a"));
    }

    [Fact]
    public async Task A_hundred_pods_at_once_never_exceed_what_nodes_have()
    {
        await scene.CreateAsync(Given.Node("a", cpu: "5"));
        await scene.CreateAsync(Given.Node("b", cpu: "5"));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => scene.CreateAsync(Given.Pod($"p{i}", "100m"))));

        await scene.UntilAsync(async () => (await scene.ListAsync<V1Pod>()).All(pod => pod.Spec.NodeName is not null));
        var pods = await scene.ListAsync<V1Pod>();
        Assert.Equal([50, 50], pods.CountBy(pod => pod.Spec.NodeName).Select(node => node.Value));
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_placed_when_a_node_appears()
    {
        await scene.CreateAsync(Given.Node("small", cpu: "1"));
        await scene.CreateAsync(Given.Pod("p", "2"));
        await scene.UntilAsync(async () => Condition(await scene.PodAsync("p")) ==
            "False Unschedulable 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
            + "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");

        await scene.CreateAsync(Given.Node("large"));
        await scene.UntilAsync(async () => (await scene.PodAsync("p")).Spec.NodeName == "large");
    }

    [Fact]
    public async Task A_deleted_pod_makes_room()
    {
        await scene.CreateAsync(Given.Node("a", cpu: "2"));
        await scene.CreateAsync(Given.Pod("first", "2"));
        await scene.UntilAsync(async () => (await scene.PodAsync("first")).Spec.NodeName == "a");
        await scene.CreateAsync(Given.Pod("second", "2"));
        await scene.UntilAsync(async () => Condition(await scene.PodAsync("second")) is not null);

        await scene.Client.DeleteAsync<V1Pod>(new ObjectKey("default", "first"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await scene.UntilAsync(async () => (await scene.PodAsync("second")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_more_important_pod_evicts_a_less_important_one()
    {
        await scene.CreateAsync(Given.Node("a", cpu: "2"));
        await scene.CreateAsync(Given.Pod("low", "2"));
        await scene.UntilAsync(async () => (await scene.PodAsync("low")).Spec.NodeName == "a");
        await scene.CreateAsync(Given.Pod("high", "2", with: pod => pod.Spec.Priority = 100));

        await scene.UntilAsync(async () => (await scene.PodAsync("low")).Metadata.DeletionTimestamp is not null);
        Assert.Equal("a", (await scene.PodAsync("high")).Status.NominatedNodeName);
        await scene.Client.DeleteAsync<V1Pod>(new ObjectKey("default", "low"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await scene.UntilAsync(async () => (await scene.PodAsync("high")).Spec.NodeName == "a");
        await scene.UntilAsync(async () => (await EventsAsync()).Any(one => one.StartsWith("Normal Preempted Preempted by pod", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Gated_pods_and_pods_of_other_schedulers_are_left_alone()
    {
        await scene.CreateAsync(Given.Node("a"));
        await scene.CreateAsync(Given.Pod("gated", with: pod => pod.Spec.SchedulingGates = [new V1PodSchedulingGate { Name = "wait" }]));
        await scene.CreateAsync(Given.Pod("other", with: pod => pod.Spec.SchedulerName = "mine"));
        await scene.CreateAsync(Given.Pod("ours"));
        await scene.UntilAsync(async () => (await scene.PodAsync("ours")).Spec.NodeName == "a");

        Assert.Null((await scene.PodAsync("gated")).Spec.NodeName);
        Assert.Null((await scene.PodAsync("other")).Spec.NodeName);

        var open = await scene.PodAsync("gated");
        open.Spec.SchedulingGates = [];
        await scene.Client.UpdateAsync(open, default);
        await scene.UntilAsync(async () => (await scene.PodAsync("gated")).Spec.NodeName == "a");
    }

    [Fact]
    public async Task A_scheduler_that_was_stopped_starts_again_where_the_cluster_is_now()
    {
        await scene.CreateAsync(Given.Node("a", cpu: "2"));
        await scene.CreateAsync(Given.Pod("before", "1"));
        await scene.UntilAsync(async () => (await scene.PodAsync("before")).Spec.NodeName == "a");
        await scene.Scheduler.StopAsync(default);
        await scene.CreateAsync(Given.Pod("meanwhile", "1"));
        await scene.CreateAsync(Given.Pod("late", "1"));

        await scene.Scheduler.StartAsync(default);
        await scene.UntilAsync(async () => (await scene.ListAsync<V1Pod>()).Count(pod => pod.Spec.NodeName == "a") == 2);
        await scene.UntilAsync(async () => Condition(await scene.PodAsync("late")) is not null || Condition(await scene.PodAsync("meanwhile")) is not null);
        Assert.Single((await EventsAsync()), one => one.StartsWith("Normal Scheduled Successfully assigned default/before", StringComparison.Ordinal));
    }

    private static string? Condition(V1Pod pod) =>
        pod.Status?.Conditions?.FirstOrDefault(one => one.Type == "PodScheduled") is { } condition
            ? $"{condition.Status} {condition.Reason} {condition.Message}"
            : null;

    private async Task<List<string>> EventsAsync() =>
        [.. (await scene.ListAsync<Corev1Event>()).Select(one => $"{one.Type} {one.Reason} {one.Message}")];
}
