using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Feed;

/// <summary>Sorts pods into those that occupy a node, those that want one, and those that concern us no more.</summary>
public sealed class PodFeed(SchedulerState state)
{
    public const string SchedulerName = "default-scheduler";

    public void OnPod(ObjectChange<V1Pod> change)
    {
        var pod = change.New;
        if (pod is null || pod.Status?.Phase is "Succeeded" or "Failed")
        {
            Gone(change.Latest.Key());
        }
        else if (!string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            Placed(new PodInfo(pod));
        }
        else if (pod.Metadata.DeletionTimestamp is not null || SchedulingGates.Block(pod))
        {
            state.Queue.Remove(pod.Key());
        }
        else if (pod.Spec.SchedulerName is null or "" or SchedulerName)
        {
            Wanting(change.Old, new PodInfo(pod));
        }
    }

    private void Gone(ObjectKey key)
    {
        bool wasPlaced;
        state.Queue.Remove(key);
        lock (state.Gate)
        {
            state.Nominated.Remove(key);
            state.Assumed.Remove(key);
            wasPlaced = state.Cluster.Remove(key);
        }

        if (wasPlaced)
        {
            state.Queue.Announce(ClusterChange.PodGone);
        }
    }

    private void Placed(PodInfo pod)
    {
        PodInfo? before;
        bool wasAssumed;
        state.Queue.Remove(pod.Key);
        lock (state.Gate)
        {
            state.Nominated.Remove(pod.Key);
            wasAssumed = state.Assumed.Remove(pod.Key);
            before = state.Cluster.Placed(pod.Key);
            state.Cluster.Place(pod, pod.NodeName!);
        }

        if (before is null || wasAssumed || before.GroupKey != pod.GroupKey)
        {
            state.Queue.Announce(ClusterChange.PodPlaced);
        }

        if (before is not null && (before.Requests.MilliCpu > pod.Requests.MilliCpu || before.Requests.MemoryBytes > pod.Requests.MemoryBytes))
        {
            state.Queue.Announce(ClusterChange.PodGone);
        }
    }

    private void Wanting(V1Pod? old, PodInfo pod)
    {
        lock (state.Gate)
        {
            if (state.Assumed.TryGetValue(pod.Key, out var assumed) && assumed.Uid == pod.Uid)
            {
                return;
            }
        }

        state.Queue.Set(pod, retry: old is not null && WantsOther(old, pod.Pod));
    }

    /// <summary>Changes of status do not let a pod fit; changes of what it asks for may.</summary>
    private static bool WantsOther(V1Pod old, V1Pod now) =>
        !ObjectJson.Encode(old.Spec).AsSpan().SequenceEqual(ObjectJson.Encode(now.Spec))
        || !ObjectJson.Encode(old.Metadata.Labels).AsSpan().SequenceEqual(ObjectJson.Encode(now.Metadata.Labels));
}
