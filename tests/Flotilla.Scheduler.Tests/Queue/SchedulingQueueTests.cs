using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Queue;
using Flotilla.Scheduler.Snapshot;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Scheduler.Tests.Queue;

public sealed class SchedulingQueueTests
{
    private readonly FakeTimeProvider time = new();
    private readonly SchedulingQueue queue;

    public SchedulingQueueTests() => queue = new SchedulingQueue(time, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    [Fact]
    public async Task Higher_priority_goes_first_then_who_came_first()
    {
        Add("first");
        Add("second");
        Add("important", priority: 10);

        Assert.Equal("important", await TakeName());
        Assert.Equal("first", await TakeName());
        Assert.Equal("second", await TakeName());
    }

    [Fact]
    public async Task A_parked_pod_returns_when_something_relevant_changes_but_not_before_its_backoff()
    {
        Add("p");
        queue.Park(await Take(), [new Hopes(ClusterChange.Node)]);

        queue.Announce(ClusterChange.PodGone);
        time.Advance(TimeSpan.FromSeconds(30));
        var next = queue.TakeAsync(default).AsTask();
        Assert.False(next.IsCompleted);

        queue.Announce(ClusterChange.Node);
        Assert.Equal("p", (await next.WaitAsync(TimeSpan.FromSeconds(5))).Pod.Key.Name);

        queue.Park(await next, [new Hopes(ClusterChange.Node)]);
        queue.Announce(ClusterChange.Node);
        next = queue.TakeAsync(default).AsTask();
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(3, (await next.WaitAsync(TimeSpan.FromSeconds(5))).Attempts);
    }

    [Fact]
    public async Task A_parked_pod_is_tried_again_after_five_minutes_anyway()
    {
        Add("p");
        queue.Park(await Take(), [new Hopes(ClusterChange.None)]);
        var next = queue.TakeAsync(default).AsTask();
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("p", (await next.WaitAsync(TimeSpan.FromSeconds(5))).Pod.Key.Name);
    }

    [Fact]
    public async Task A_changed_spec_brings_a_pod_back_and_a_changed_status_does_not()
    {
        Add("p");
        queue.Park(await Take(), [new Hopes(ClusterChange.None)]);
        time.Advance(TimeSpan.FromSeconds(20));
        queue.Set(new PodInfo(Given.Pod("p")), retry: false);
        var next = queue.TakeAsync(default).AsTask();
        Assert.False(next.IsCompleted);
        queue.Set(new PodInfo(Given.Pod("p")), retry: true);
        Assert.Equal("p", (await next.WaitAsync(TimeSpan.FromSeconds(5))).Pod.Key.Name);
    }

    [Fact]
    public async Task A_removed_pod_cannot_be_parked_back()
    {
        Add("p");
        var taken = await Take();
        queue.Remove(taken.Pod.Key);
        queue.Park(taken, [new Hopes(ClusterChange.All)]);

        Assert.Equal(0, queue.Count);
        Assert.False(queue.Contains(taken));
    }

    [Fact]
    public async Task A_pod_created_anew_under_the_same_name_is_another_pod()
    {
        Add("p");
        var old = await Take();
        queue.Set(new PodInfo(Given.Pod("p", with: pod => pod.Metadata.Uid = "other")), retry: false);

        Assert.False(queue.Contains(old));
        Assert.Equal("other", (await Take()).Pod.Uid);
    }

    private void Add(string name, int priority = 0) =>
        queue.Set(new PodInfo(Given.Pod(name, with: pod => pod.Spec.Priority = priority)), retry: false);

    private async Task<QueuedPod> Take() => await queue.TakeAsync(default).AsTask().WaitAsync(TimeSpan.FromSeconds(5));

    private async Task<string> TakeName() => (await Take()).Pod.Key.Name;

    private sealed record Hopes(ClusterChange Unblocks) : IPlugin
    {
        public string Name => "Hopes";
    }
}
