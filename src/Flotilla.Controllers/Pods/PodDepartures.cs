using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Pods;

/// <summary>
/// Pods that have to leave, at once or at a moment to come, for one controller's reason: looked at again when the moment
/// is there, told of by events, deleted as disrupted. Any thread may call.
/// </summary>
internal sealed class PodDepartures(WorkQueue<ObjectKey> queue, EventRecorder events, IObjectClient client, Departure why)
{
    private readonly ConcurrentDictionary<ObjectKey, bool> scheduled = new();

    /// <summary>The pod is gone or has ended.</summary>
    public void Forget(ObjectKey pod) => scheduled.TryRemove(pod, out _);

    /// <param name="at">null: it may stay.</param>
    public async Task SettleAsync(V1Pod pod, DateTime? at, DateTime now, CancellationToken cancellationToken)
    {
        var key = pod.Key();
        if (at is null)
        {
            if (scheduled.TryRemove(key, out _))
            {
                events.Record(pod, "Normal", why.EventReason, why.Cancelling(key));
            }

            return;
        }

        if (at > now)
        {
            scheduled[key] = true;
            queue.AddAfter(key, at.Value - now);
            return;
        }

        scheduled.TryRemove(key, out _);
        events.Record(pod, "Normal", why.EventReason, why.Marking(key));
        await PodDisruption.DeleteAsync(client, pod, why.ConditionReason, why.ConditionMessage, now, cancellationToken);
    }
}

/// <summary>What events and the pod's condition <c>DisruptionTarget</c> say.</summary>
internal sealed record Departure(
    string EventReason, Func<ObjectKey, string> Marking, Func<ObjectKey, string> Cancelling, string ConditionReason, string ConditionMessage);
