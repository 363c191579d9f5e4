using Flotilla.Client;
using Flotilla.Client.Metrics;
using Flotilla.Scheduler.Binding;
using Flotilla.Scheduler.Feed;
using Flotilla.Scheduler.Metrics;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Queue;
using Flotilla.Scheduler.Snapshot;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Scheduler;

/// <summary>
/// Gives every pod of its profiles a node. One loop decides, pod by pod, against a snapshot that already counts what it
/// promised before; bindings and status are written behind it, many at once.
/// </summary>
public sealed partial class SchedulerService : BackgroundService
{
    private readonly InformerSet informers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SchedulerState state;
    private readonly PodLanes lanes;
    private readonly Binder binder;
    private readonly FailureReporter reporter;
    private readonly Dictionary<string, SchedulingProfile> profiles = new(StringComparer.Ordinal);
    private bool isFed;

    public SchedulerService(IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers, SchedulerOptions? options = null)
    {
        options ??= new SchedulerOptions();
        this.informers = informers;
        this.time = time;
        logger = loggers.CreateLogger<SchedulerService>();
        var context = new PluginContext(client, informers, time);
        foreach (var profile in options.Profiles)
        {
            var plugins = profile.Plugins?.Invoke(context) ?? PluginSet.Default(context);
            profiles.Add(profile.Name, new SchedulingProfile(
                profile.Name, plugins, profile.PercentageOfNodesToScore, new EventRecorder(client, profile.Name, time, logger)));
        }

        state = new SchedulerState(time, options, new SchedulerMetrics(time), name => profiles.GetValueOrDefault(name)?.Plugins);
        lanes = new PodLanes(logger);
        reporter = new FailureReporter(client, pod => profiles[pod.SchedulerName].Events, time);
        binder = new Binder(state, reporter, logger);
    }

    /// <summary>What it knows and what waits, e.g. for explaining it.</summary>
    public SchedulerState State => state;

    public void WriteMetrics(MetricsText text) => state.Metrics.Write(text, state.Queue.Lengths);

    public SchedulingProfile? Profile(string name) => profiles.GetValueOrDefault(name);

    public override void Dispose()
    {
        lanes.Dispose();
        foreach (var profile in profiles.Values)
        {
            profile.Events.Dispose();
        }

        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var profile in profiles.Values)
        {
            await profile.Events.StartAsync(stoppingToken);
        }

        await lanes.StartAsync(stoppingToken);
        if (!isFed)
        {
            // It leads for the first time; what came later, others' terms included, it has seen all along.
            isFed = true;
            new ClusterFeed(state, informers).Subscribe();
        }

        await informers.WaitForSyncAsync(stoppingToken);
        try
        {
            while (true)
            {
                await ScheduleOneAsync(await state.Queue.TakeAsync(stoppingToken), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await lanes.StopAsync(CancellationToken.None);
            await Task.WhenAll(profiles.Values.Select(profile => profile.Events.StopAsync(CancellationToken.None)));
        }
    }

    private async Task ScheduleOneAsync(QueuedPod queued, CancellationToken cancellationToken)
    {
        var profile = profiles[queued.Pod.SchedulerName];
        var cycle = new SchedulingCycle(queued.Pod, state.Cluster);
        Outcome? outcome;
        try
        {
            outcome = Decide(queued, profile, cycle);
        }
        catch (Exception error)
        {
            // One pod whose rules cannot be evaluated must not stop all others.
            Log.Failed(logger, error, queued.Pod.Key.ToString());
            state.Metrics.Failed(queued, profile.Name, isError: true);
            state.Queue.Retry(queued);
            return;
        }

        if (outcome is { NodeName: { } chosen } slow && (slow.Permit is not null || profile.Plugins.PreBinders.Any(plugin => plugin.Waits(cycle))))
        {
            await lanes.RunBesideAsync(token => binder.BindAsync(queued, profile, cycle, chosen, slow.Permit, token), cancellationToken);
        }
        else if (outcome is { } made)
        {
            await lanes.EnqueueAsync(
                cycle.Pod.Key,
                made.NodeName is { } node
                    ? token => binder.BindAsync(queued, profile, cycle, node, made.Permit, token)
                    : token => ReportAsync(cycle.Pod, made, token),
                cancellationToken);
        }
    }

    private async Task ReportAsync(PodInfo pod, Outcome made, CancellationToken cancellationToken)
    {
        await reporter.ReportAsync(pod, made.Message!, made.IsError, made.Plan, cancellationToken);
        await (made.Work?.Invoke(cancellationToken) ?? Task.CompletedTask);
    }

    private Outcome? Decide(QueuedPod queued, SchedulingProfile profile, SchedulingCycle cycle)
    {
        lock (state.Gate)
        {
            if (!state.Queue.Contains(queued))
            {
                // Deleted, or bound by somebody else, since it was taken.
                return null;
            }

            var decision = profile.Placer.Place(cycle);
            return decision.NodeName is { } node ? Assume(queued, profile, cycle, node) : Reject(queued, profile, cycle, decision.Diagnosis!);
        }
    }

    private Outcome Assume(QueuedPod queued, SchedulingProfile profile, SchedulingCycle cycle, string nodeName)
    {
        var pod = cycle.Pod;
        var (verdict, permit) = profile.Reserve(cycle, state.Cluster.Node(nodeName)!, time);
        if (!verdict.IsFit)
        {
            state.Metrics.Failed(queued, profile.Name, verdict.Rejection == Rejection.Error);
            state.Queue.Retry(queued);
            return new Outcome(null, string.Join(", ", verdict.Reasons!), null, verdict.Rejection == Rejection.Error);
        }

        state.Cluster.Nominations.Remove(pod.Key);
        state.Cluster.Place(pod, nodeName);
        state.Assumed[pod.Key] = pod;
        return new Outcome(nodeName, null, null) { Permit = permit };
    }

    private Outcome Reject(QueuedPod queued, SchedulingProfile profile, SchedulingCycle cycle, Diagnosis why)
    {
        var plan = why.NodeCount == 0 || why.IsError ? null : profile.Placer.MakeRoom(cycle, why);
        if (plan is not null)
        {
            state.Cluster.Nominations.Set(cycle.Pod, plan.NodeName);
            foreach (var other in plan.Displaced)
            {
                state.Cluster.Nominations.Remove(other.Key);
                state.Queue.Activate(other.Key);
            }
        }

        state.Metrics.Failed(queued, profile.Name, why.IsError);
        if (why.IsError)
        {
            state.Queue.Retry(queued);
        }
        else
        {
            state.Queue.Park(queued, why.RejectedBy, isPending: why.Pod.Rejection == Rejection.Pending);
        }

        return new Outcome(null, why.ToString(), plan, why.IsError) { Work = why.Work };
    }

    private readonly record struct Outcome(string? NodeName, string? Message, PreemptionPlan? Plan, bool IsError = false)
    {
        public Task<Verdict>? Permit { get; init; }

        public Func<CancellationToken, Task>? Work { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Deciding about {Pod} failed; trying again")]
        public static partial void Failed(ILogger logger, Exception error, string pod);
    }
}
