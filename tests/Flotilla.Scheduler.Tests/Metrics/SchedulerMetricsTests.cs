using Flotilla.Client.Metrics;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Metrics;

public sealed class SchedulerMetricsTests : IAsyncLifetime
{
    private readonly SchedulerScene scene = new();

    public async ValueTask InitializeAsync() => await scene.StartAsync();

    public ValueTask DisposeAsync() => scene.DisposeAsync();

    [Fact]
    public async Task Attempts_are_counted_by_how_they_ended()
    {
        await AddNodeAsync(Given.Node("a", cpu: "2"));
        await scene.CreateAsync(Given.Pod("fits", "1"));
        await scene.CreateAsync(Given.Pod("large", "4"));

        await scene.UntilAsync(() => Task.FromResult(
            Metrics().Contains("scheduler_schedule_attempts_total{result=\"unschedulable\",profile=\"default-scheduler\"} 1")
            && Metrics().Contains("scheduler_schedule_attempts_total{result=\"scheduled\",profile=\"default-scheduler\"} 1")));
        Assert.Contains("scheduler_scheduling_attempt_duration_seconds_count{result=\"scheduled\",profile=\"default-scheduler\"} 1", Metrics());
        Assert.Contains("scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"1\"} 1", Metrics());
        Assert.Contains("scheduler_pending_pods{queue=\"unschedulable\"} 1", Metrics());
    }

    [Fact]
    public async Task Pods_that_come_into_a_queue_are_counted_by_why()
    {
        var gated = Given.Pod("gated");
        gated.Spec.SchedulingGates = [new V1PodSchedulingGate { Name = "example.com/wait" }];
        await AddNodeAsync(Given.Node("a", cpu: "1"));
        await scene.CreateAsync(gated);
        await scene.CreateAsync(Given.Pod("large", "4"));
        await scene.UntilAsync(() => Task.FromResult(Metrics().Contains("scheduler_pending_pods{queue=\"unschedulable\"} 1")));
        Assert.Contains("scheduler_pending_pods{queue=\"gated\"} 1", Metrics());

        await scene.CreateAsync(Given.Node("b"));
        await scene.UntilAsync(async () => (await scene.PodAsync("large")).Spec.NodeName == "b");

        Assert.Contains("scheduler_queue_incoming_pods_total{queue=\"gated\",event=\"UnscheduledPodAdd\"} 1", Metrics());
        Assert.Contains("scheduler_queue_incoming_pods_total{queue=\"active\",event=\"UnscheduledPodAdd\"} 1", Metrics());
        Assert.Contains("scheduler_queue_incoming_pods_total{queue=\"unschedulable\",event=\"ScheduleAttemptFailure\"} 1", Metrics());
        Assert.Contains("event=\"NodeChange\"} 1", Metrics());
        await scene.UntilAsync(() => Task.FromResult(Metrics().Contains("scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"2\"} 1")));
    }

    // Pods that come before their node is known are tried once more.
    private async Task AddNodeAsync(V1Node node)
    {
        await scene.CreateAsync(node);
        await scene.UntilAsync(() =>
        {
            lock (scene.Scheduler.State.Gate)
            {
                return Task.FromResult(scene.Scheduler.State.Cluster.Node(node.Metadata.Name) is not null);
            }
        });
    }

    private string Metrics()
    {
        var text = new MetricsText();
        scene.Scheduler.WriteMetrics(text);
        return text.ToString();
    }
}
