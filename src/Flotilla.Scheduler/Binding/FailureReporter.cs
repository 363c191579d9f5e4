using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Binding;

/// <summary>Says on the pod why it has no node, and carries out the preemption that may get it one.</summary>
public sealed class FailureReporter(IObjectClient client, Func<PodInfo, EventRecorder> eventsFor, TimeProvider time)
{
    /// <param name="isError">The scheduler or the cluster failed, instead of the pod not fitting.</param>
    public async Task ReportAsync(PodInfo pod, string message, bool isError, PreemptionPlan? plan, CancellationToken cancellationToken)
    {
        var reason = isError ? "SchedulerError" : "Unschedulable";
        eventsFor(pod).Record(pod.Pod, "Warning", "FailedScheduling", message);
        var old = pod.Pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "PodScheduled");
        var isKnown = old?.Status == "False" && old.Reason == reason && old.Message == message;
        if (!isKnown || plan is not null)
        {
            var changed = old?.Status == "False" ? old.LastTransitionTime : null;
            await PatchAsync(
                pod,
                new V1PodStatus
                {
                    Conditions = [Condition("PodScheduled", "False", reason, message, pod.Pod, changed)],
                    NominatedNodeName = plan?.NodeName,
                },
                cancellationToken);
        }

        foreach (var other in plan?.Displaced ?? [])
        {
            await WithdrawAsync(other, cancellationToken);
        }

        foreach (var victim in plan?.Victims ?? [])
        {
            await EvictAsync(victim, pod, plan!.NodeName, cancellationToken);
        }
    }

    private async Task EvictAsync(PodInfo victim, PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        if (victim.Terminating)
        {
            return;
        }

        try
        {
            await PatchAsync(
                victim,
                new V1PodStatus
                {
                    Conditions =
                    [
                        Condition(
                            "DisruptionTarget", "True", "PreemptionByScheduler",
                            $"{pod.SchedulerName}: preempting to accommodate a higher priority pod", victim.Pod, null),
                    ],
                },
                cancellationToken);
            var precondition = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = victim.Uid } };
            await client.DeleteAsync<V1Pod>(victim.Key, precondition, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            // It went by itself: all the better.
            return;
        }

        eventsFor(pod).Record(victim.Pod, "Normal", "Preempted", $"Preempted by pod {pod.Uid} on node {nodeName}");
    }

    private V1PodCondition Condition(string type, string status, string reason, string message, V1Pod pod, DateTime? changed) => new()
    {
        Type = type,
        Status = status,
        Reason = reason,
        Message = message,
        ObservedGeneration = pod.Metadata.Generation,
        LastTransitionTime = changed ?? time.GetUtcNow().UtcDateTime,
    };

    private Task WithdrawAsync(PodInfo pod, CancellationToken cancellationToken) =>
        SendAsync(pod, Encoding.UTF8.GetBytes($$$"""{"metadata":{"uid":"{{{pod.Uid}}}"},"status":{"nominatedNodeName":null}}"""), cancellationToken);

    private Task PatchAsync(PodInfo pod, V1PodStatus status, CancellationToken cancellationToken) =>
        SendAsync(pod, ObjectJson.Encode(new V1Pod { Metadata = new V1ObjectMeta { Uid = pod.Uid }, Status = status }), cancellationToken);

    private async Task SendAsync(PodInfo pod, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            await client.PatchAsync<V1Pod>(pod.Key, new Patch(PatchKind.StrategicMerge, body), "status", cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            // Deleted, perhaps created anew: there is nobody left to tell.
        }
    }
}
