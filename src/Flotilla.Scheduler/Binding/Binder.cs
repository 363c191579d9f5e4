using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Scheduler.Feed;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Queue;
using Microsoft.Extensions.Logging;

namespace Flotilla.Scheduler.Binding;

/// <summary>
/// What follows a decision: Permit's wait, PreBind, Bind, PostBind. Takes the decision back when one of them or the
/// cluster refuses.
/// </summary>
public sealed partial class Binder(SchedulerState state, FailureReporter reporter, ILogger logger)
{
    public async Task BindAsync(QueuedPod queued, SchedulingProfile profile, SchedulingCycle cycle, string nodeName, Task<Verdict>? permit, CancellationToken cancellationToken)
    {
        var pod = cycle.Pod;
        Verdict verdict;
        try
        {
            verdict = permit is null ? Verdict.Fits : await permit.WaitAsync(cancellationToken);
            foreach (var plugin in profile.Plugins.PreBinders)
            {
                verdict = verdict.IsFit ? await plugin.PreBindAsync(cycle, nodeName, cancellationToken) : verdict;
            }

            if (verdict.IsFit)
            {
                await BindAsync(profile, cycle, nodeName, cancellationToken);
            }
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // The pod was deleted in the meantime; the watch tells the rest.
            Undo(profile, cycle, nodeName);
            Log.Gone(logger, pod.Key);
            return;
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.Refused(logger, error, pod.Key, nodeName);
            verdict = Verdict.Error($"binding rejected: {error.Message}");
        }

        if (!verdict.IsFit)
        {
            Undo(profile, cycle, nodeName);
            state.Metrics.Failed(queued, profile.Name, verdict.Rejection == Rejection.Error);
            state.Queue.Retry(queued);
            await reporter.ReportAsync(pod, string.Join(", ", verdict.Reasons!), verdict.Rejection == Rejection.Error, null, cancellationToken);
            return;
        }

        state.Metrics.Scheduled(queued, profile.Name);
        profile.Events.Record(pod.Pod, "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {nodeName}");
        foreach (var plugin in profile.Plugins.PostBinders)
        {
            plugin.PostBind(cycle, nodeName);
        }

        Log.Bound(logger, pod.Key, nodeName);
    }

    private static async Task BindAsync(SchedulingProfile profile, SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken)
    {
        foreach (var plugin in profile.Plugins.Binders)
        {
            if (await plugin.BindAsync(cycle, nodeName, cancellationToken))
            {
                return;
            }
        }

        throw new InvalidOperationException($"No plugin of profile {profile.Name} binds pods.");
    }

    private void Undo(SchedulingProfile profile, SchedulingCycle cycle, string nodeName)
    {
        lock (state.Gate)
        {
            profile.Unreserve(cycle, nodeName);
            state.Forget(cycle.Pod);
        }

        // Its room is free again.
        state.Queue.Announce(new ClusterEvent(ClusterChange.PodGone, Pod: cycle.Pod));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Bound {Pod} to {Node}")]
        public static partial void Bound(ILogger logger, ObjectKey pod, string node);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Pod} went away before it was bound")]
        public static partial void Gone(ILogger logger, ObjectKey pod);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Binding {Pod} to {Node} was refused; trying again")]
        public static partial void Refused(ILogger logger, Exception error, ObjectKey pod, string node);
    }
}
