using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Scheduler.Tests;

/// <summary>What happens between a decision and a bound pod, and who is asked.</summary>
public sealed class ExtensionPointTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new();
    private readonly MemoryStore store = new();
    private readonly Recorder recorder = new();
    private readonly StoreClient client;
    private readonly InformerSet informers;
    private readonly SchedulerService scheduler;

    public ExtensionPointTests()
    {
        client = new StoreClient(store, time);
        informers = new InformerSet(client, time, NullLoggerFactory.Instance);
        scheduler = new SchedulerService(client, informers, time, NullLoggerFactory.Instance, new SchedulerOptions
        {
            Profiles =
            [
                new ProfileOptions(),
                new ProfileOptions("recording", context => new PluginSet([.. DefaultPlugins.All(context), recorder])),
            ],
        });
    }

    public async ValueTask InitializeAsync()
    {
        await informers.StartAsync(default);
        await scheduler.StartAsync(default);
        await client.CreateAsync(Given.Node("a", cpu: "1"), default);
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
    public async Task Every_step_is_taken_in_order_and_events_name_the_profile()
    {
        await CreateAsync("p");
        await UntilAsync(async () => (await PodAsync("p")).Spec.NodeName == "a" && recorder.Calls.Contains("postbind p"));

        Assert.Equal(["reserve p", "permit p", "prebind p", "postbind p"], recorder.Calls);
        await UntilAsync(async () => (await client.ListAsync<Corev1Event>(ListScope.All, default)).Items.Any(one => one is { Reason: "Scheduled", Source.Component: "recording" }));
    }

    [Fact]
    public async Task A_failed_step_takes_the_reservation_back_and_the_pod_is_tried_again()
    {
        recorder.PreBindFails = 1;
        await CreateAsync("p");
        await UntilAsync(async () => (await PodAsync("p")).Spec.NodeName == "a" && recorder.Calls.Contains("postbind p"));

        Assert.Equal(["reserve p", "permit p", "prebind p", "unreserve p", "reserve p", "permit p", "prebind p", "postbind p"], recorder.Calls);
    }

    [Fact]
    public async Task A_pod_that_waits_for_permission_keeps_its_room_until_it_is_refused()
    {
        recorder.Permission = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await CreateAsync("waits", "1");
        await UntilAsync(() => Task.FromResult(recorder.Calls.Contains("permit waits")));
        await client.CreateAsync(Given.Pod("other", "1"), default);
        await UntilAsync(async () => (await PodAsync("other")).Status.Conditions is { Count: > 0 });

        var permission = recorder.Permission;
        recorder.Permission = null;
        recorder.Refused.Add("waits");
        permission.SetResult(false);
        await UntilAsync(async () => (await PodAsync("other")).Spec.NodeName == "a");
        Assert.Contains("unreserve waits", recorder.Calls);
    }

    private Task CreateAsync(string name, string? cpu = null) =>
        client.CreateAsync(Given.Pod(name, cpu, with: pod => pod.Spec.SchedulerName = "recording"), default);

    private Task<V1Pod> PodAsync(string name) => client.GetAsync<V1Pod>(new ObjectKey("default", name), default);

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(2, limit.Token);
        }
    }

    private sealed class Recorder : IReservePlugin, IPermitPlugin, IPreBindPlugin, IPostBindPlugin
    {
        private readonly ConcurrentQueue<string> calls = new();

        public string Name => "Recorder";

        public IReadOnlyCollection<string> Calls => calls;

        public int PreBindFails { get; set; }

        public ConcurrentBag<string> Refused { get; } = [];

        public TaskCompletionSource<bool>? Permission { get; set; }

        public Verdict Reserve(SchedulingCycle cycle, NodeInfo node)
        {
            if (Refused.Contains(cycle.Pod.Key.Name))
            {
                return Verdict.No("refused");
            }

            calls.Enqueue($"reserve {cycle.Pod.Key.Name}");
            return Verdict.Fits;
        }

        public void Unreserve(SchedulingCycle cycle, string nodeName)
        {
            if (!Refused.Contains(cycle.Pod.Key.Name) || !calls.Contains($"unreserve {cycle.Pod.Key.Name}"))
            {
                calls.Enqueue($"unreserve {cycle.Pod.Key.Name}");
            }
        }

        public PermitResult Permit(SchedulingCycle cycle, NodeInfo node)
        {
            calls.Enqueue($"permit {cycle.Pod.Key.Name}");
            return new PermitResult(Verdict.Fits, Permission?.Task, TimeSpan.FromMinutes(10));
        }

        public Task<Verdict> PreBindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken)
        {
            calls.Enqueue($"prebind {cycle.Pod.Key.Name}");
            return Task.FromResult(PreBindFails-- > 0 ? Verdict.Error("not now") : Verdict.Fits);
        }

        public void PostBind(SchedulingCycle cycle, string nodeName) => calls.Enqueue($"postbind {cycle.Pod.Key.Name}");
    }
}
