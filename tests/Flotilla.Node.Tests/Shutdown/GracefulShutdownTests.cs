using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Flotilla.Node.Shutdown;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Shutdown;

public sealed class GracefulShutdownTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Machine machine = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0=20 2000000000=10", "a:0 b:1000 c:2000000000 d:2000001000", "20: a b; 10: c d")]
    [InlineData("0=20 2000000000=10", "a:-5", "20: a")]
    [InlineData("100=5 10=3", "a:9 b:10 c:99 d:100", "3: a b c; 5: d")]
    [InlineData("0=20", "", "")]
    public void Those_of_low_priority_leave_first(string groups, string pods, string order)
    {
        var plan = ShutdownPlan.For(
            [.. groups.Split(' ').Select(group => group.Split('=')).Select(parts => new ShutdownGroup(Number(parts[0]), TimeSpan.FromSeconds(Number(parts[1]))))],
            pods.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pod => pod.Split(':')), parts => Number(parts[1]));

        Assert.Equal(order, string.Join("; ", plan.Select(one => $"{one.Group.Grace.TotalSeconds}: {string.Join(' ', one.Pods.Select(pod => pod[0]))}")));
    }

    [Fact]
    public async Task The_machine_waits_for_its_pods_and_for_those_of_the_system_last()
    {
        Leaver quick = new("quick", 0, 5), slow = new("slow", 0, 60), system = new("system", 2_000_000_000, 60);
        using var shutdown = Service(quick, slow, system);
        await shutdown.StartAsync(Cancel);
        machine.Tell(true);
        Assert.Equal(TimeSpan.FromSeconds(5), await quick.Asked.Task.WaitAsync(Cancel));
        Assert.Equal(TimeSpan.FromSeconds(20), await slow.Asked.Task.WaitAsync(Cancel));
        Assert.Equal(("node is shutting down", TimeSpan.FromSeconds(30), true), (shutdown.NotReady, machine.Longest, machine.IsDelayed));
        Assert.NotNull(new ShutdownCheck(() => shutdown.IsUnderWay).Check(quick.Pod, new(null, [])));
        Assert.False(system.Asked.Task.IsCompleted);

        // One that does not end holds up the others only as long as its group may take.
        quick.End();
        while (!system.Asked.Task.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(TimeSpan.FromSeconds(10), await system.Asked.Task);
        Assert.True(machine.IsDelayed);
        system.End();
        await machine.Released.Task.WaitAsync(Cancel);
        await shutdown.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_machine_that_stays_after_all_is_as_it_was()
    {
        using var shutdown = Service();
        var changes = Channel.CreateUnbounded<bool>();
        shutdown.Changed = () => changes.Writer.TryWrite(shutdown.IsUnderWay);
        await shutdown.StartAsync(Cancel);
        machine.Tell(true);
        Assert.True(await changes.Reader.ReadAsync(Cancel));
        machine.Tell(false);
        Assert.False(await changes.Reader.ReadAsync(Cancel));
        machine.Tell(true);
        Assert.True(await changes.Reader.ReadAsync(Cancel));
        Assert.Equal(2, machine.Delays);
        await shutdown.StopAsync(Cancel);
        Assert.False(machine.IsDelayed);
    }

    private GracefulShutdown Service(params IEndingPod[] pods) => new(
        new NodeOptions { NodeName = "n", ShutdownGracePeriod = TimeSpan.FromSeconds(30), ShutdownGracePeriodCriticalPods = TimeSpan.FromSeconds(10) },
        machine, () => pods, time, NullLogger<GracefulShutdown>.Instance);

    private static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private sealed class Leaver(string name, int priority, int seconds) : IEndingPod
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<TimeSpan?> Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public V1Pod Pod { get; } = new() { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" }, Spec = new V1PodSpec { Priority = priority, TerminationGracePeriodSeconds = seconds, Containers = [] } };

        public Task Ended => ended.Task;

        public void End() => ended.SetResult();

        public bool Evict(string reason, string message, TimeSpan? grace)
        {
            Assert.Equal(("Terminated", "Pod was terminated in response to imminent node shutdown."), (reason, message));
            return Asked.TrySetResult(grace);
        }
    }

    private sealed class Machine : ILogind
    {
        private readonly Channel<bool> told = Channel.CreateUnbounded<bool>();

        public TimeSpan Longest { get; private set; } = TimeSpan.FromSeconds(5);

        public int Delays { get; private set; }

        public bool IsDelayed { get; private set; }

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Tell(bool begins) => told.Writer.TryWrite(begins);

        public Task<TimeSpan> LongestDelayAsync(CancellationToken cancellationToken) => Task.FromResult(Longest);

        public Task SetLongestDelayAsync(TimeSpan delay, CancellationToken cancellationToken)
        {
            Longest = delay;
            return Task.CompletedTask;
        }

        public IAsyncDisposable Delay()
        {
            (Delays, IsDelayed) = (Delays + 1, true);
            return new Hold(this);
        }

        public async IAsyncEnumerable<bool> ShutdownsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var begins in told.Reader.ReadAllAsync(cancellationToken))
            {
                yield return begins;
            }
        }

        private sealed class Hold(Machine machine) : IAsyncDisposable
        {
            public ValueTask DisposeAsync()
            {
                machine.IsDelayed = false;
                machine.Released.TrySetResult();
                return ValueTask.CompletedTask;
            }
        }
    }
}
