using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests;

/// <summary>What happens between a decision and a bound pod, and who is asked.</summary>
public sealed class ExtensionPointTests : IAsyncLifetime
{
    private readonly Recorder recorder = new();
    private readonly SchedulerScene scene;

    public ExtensionPointTests() => scene = new SchedulerScene(new SchedulerOptions
    {
        Profiles =
        [
            new ProfileOptions(),
            new ProfileOptions("recording", context => new PluginSet([.. DefaultPlugins.All(context), recorder])),
        ],
    });

    public async ValueTask InitializeAsync()
    {
        await scene.StartAsync();
        await scene.CreateAsync(Given.Node("a", cpu: "1"));
    }

    public ValueTask DisposeAsync() => scene.DisposeAsync();

    [Fact]
    public async Task Every_step_is_taken_in_order_and_events_name_the_profile()
    {
        await CreateAsync("p");
        await scene.UntilAsync(async () => (await scene.PodAsync("p")).Spec.NodeName == "a" && recorder.Calls.Contains("postbind p"));

        Assert.Equal(["reserve p", "permit p", "prebind p", "postbind p"], recorder.Calls);
        await scene.UntilAsync(async () => (await scene.ListAsync<Corev1Event>()).Any(one => one is { Reason: "Scheduled", Source.Component: "recording" }));
    }

    [Fact]
    public async Task A_failed_step_takes_the_reservation_back_and_the_pod_is_tried_again()
    {
        recorder.PreBindFails = 1;
        await CreateAsync("p");
        await scene.UntilAsync(async () => (await scene.PodAsync("p")).Spec.NodeName == "a" && recorder.Calls.Contains("postbind p"));

        Assert.Equal(["reserve p", "permit p", "prebind p", "unreserve p", "reserve p", "permit p", "prebind p", "postbind p"], recorder.Calls);
    }

    [Fact]
    public async Task A_pod_that_waits_for_permission_keeps_its_room_until_it_is_refused()
    {
        recorder.Permission = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await CreateAsync("waits", "1");
        await scene.UntilAsync(() => Task.FromResult(recorder.Calls.Contains("permit waits")));
        await scene.CreateAsync(Given.Pod("other", "1"));
        await scene.UntilAsync(async () => (await scene.PodAsync("other")).Status.Conditions is { Count: > 0 });

        var permission = recorder.Permission;
        recorder.Permission = null;
        recorder.Refused.Add("waits");
        permission.SetResult(false);
        await scene.UntilAsync(async () => (await scene.PodAsync("other")).Spec.NodeName == "a");
        Assert.Contains("unreserve waits", recorder.Calls);
    }

    private Task CreateAsync(string name, string? cpu = null) =>
        scene.CreateAsync(Given.Pod(name, cpu, with: pod => pod.Spec.SchedulerName = "recording"));

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
