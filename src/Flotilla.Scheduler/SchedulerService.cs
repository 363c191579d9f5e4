using Flotilla.Client;
using Flotilla.Scheduler.Binding;
using Flotilla.Scheduler.Feed;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Queue;
using Flotilla.Scheduler.Snapshot;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Scheduler;

/// <summary>
/// Gives every pod of the default scheduler a node. One loop decides, pod by pod, against a snapshot that already
/// counts what it promised before; bindings and status are written behind it, many at once.
/// </summary>
public sealed partial class SchedulerService : BackgroundService
{
    private readonly InformerSet informers;
    private readonly ILogger logger;
    private readonly SchedulerState state;
    private readonly EventRecorder events;
    private readonly PodLanes lanes;
    private readonly Binder binder;
    private readonly FailureReporter reporter;
    private readonly Placer placer;

    public SchedulerService(IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers, PluginSet? plugins = null)
    {
        this.informers = informers;
        logger = loggers.CreateLogger<SchedulerService>();
        state = new SchedulerState(time);
        events = new EventRecorder(client, PodFeed.SchedulerName, time, logger);
        lanes = new PodLanes(logger);
        binder = new Binder(client, state, events, logger);
        reporter = new FailureReporter(client, events, time);
        placer = new Placer(plugins ?? PluginSet.Default());
    }

    public override void Dispose()
    {
        lanes.Dispose();
        events.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await events.StartAsync(stoppingToken);
        await lanes.StartAsync(stoppingToken);
        new ClusterFeed(state, informers).Subscribe();
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
            await events.StopAsync(CancellationToken.None);
        }
    }

    private async Task ScheduleOneAsync(QueuedPod queued, CancellationToken cancellationToken)
    {
        var pod = queued.Pod;
        Outcome? outcome;
        try
        {
            outcome = Decide(queued, pod);
        }
        catch (Exception error)
        {
            // One pod whose rules cannot be evaluated must not stop all others.
            Log.Failed(logger, error, pod.Key.ToString());
            state.Queue.Retry(queued);
            return;
        }

        if (outcome is { } made)
        {
            await lanes.EnqueueAsync(
                pod.Key,
                made.NodeName is { } node
                    ? token => binder.BindAsync(queued, pod, node, token)
                    : token => reporter.ReportAsync(pod, made.Message!, made.Plan, token),
                cancellationToken);
        }
    }

    private Outcome? Decide(QueuedPod queued, PodInfo pod)
    {
        lock (state.Gate)
        {
            if (!state.Queue.Contains(queued))
            {
                // Deleted, or bound by somebody else, since it was taken.
                return null;
            }

            var reserved = Reserve(pod);
            Decision decision;
            PreemptionPlan? plan = null;
            try
            {
                decision = placer.Place(pod, state.Cluster);
                if (decision.Diagnosis is { } why)
                {
                    plan = PreemptionPlan.For(pod, why, state.Cluster, placer);
                }
            }
            finally
            {
                reserved.ForEach(other => state.Cluster.Remove(other.Key));
            }

            if (decision.NodeName is { } node)
            {
                state.Nominated.Remove(pod.Key);
                state.Cluster.Place(pod, node);
                state.Assumed[pod.Key] = pod;
                return new Outcome(node, null, null);
            }

            var diagnosis = decision.Diagnosis!;
            if (plan is not null)
            {
                state.Nominated[pod.Key] = (pod, plan.NodeName);
            }

            // Without any node there was no plugin to ask; a node is what is missing.
            state.Queue.Park(queued, diagnosis.NodeCount == 0 ? ClusterChange.Node : diagnosis.WaitsFor);
            return new Outcome(null, diagnosis.ToString(), plan);
        }
    }

    /// <summary>Room that preemption makes belongs to the pod it was made for: others of no higher priority see it taken.</summary>
    private List<PodInfo> Reserve(PodInfo pod)
    {
        List<PodInfo> reserved = [];
        foreach (var (other, nodeName) in state.Nominated.Values)
        {
            if (other.Key != pod.Key && other.Priority >= pod.Priority && state.Cluster.Placed(other.Key) is null
                && state.Cluster.Node(nodeName) is not null)
            {
                state.Cluster.Place(other, nodeName);
                reserved.Add(other);
            }
        }

        return reserved;
    }

    private readonly record struct Outcome(string? NodeName, string? Message, PreemptionPlan? Plan);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Deciding about {Pod} failed; trying again")]
        public static partial void Failed(ILogger logger, Exception error, string pod);
    }
}
