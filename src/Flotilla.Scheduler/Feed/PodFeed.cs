using Flotilla.Api;
using Flotilla.Api.Selectors;
using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Feed;

/// <summary>Sorts pods into those that occupy a node, those that want one, and those that concern us no more.</summary>
public sealed class PodFeed(SchedulerState state)
{
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
        else if (pod.Metadata.DeletionTimestamp is not null)
        {
            state.Queue.Remove(pod.Key());
        }
        else
        {
            Wanting(change.Old, new PodInfo(pod));
        }
    }

    private void Gone(ObjectKey key)
    {
        PodInfo? before;
        state.Queue.Remove(key);
        lock (state.Gate)
        {
            state.Cluster.Nominations.Remove(key);
            state.Assumed.Remove(key);
            before = state.Cluster.Placed(key);
            state.Cluster.Remove(key);
        }

        if (before is not null)
        {
            state.Queue.Announce(new ClusterEvent(ClusterChange.PodGone, Pod: before));
        }
    }

    private void Placed(PodInfo pod)
    {
        PodInfo? before;
        bool wasAssumed;
        state.Queue.Remove(pod.Key);
        lock (state.Gate)
        {
            state.Cluster.Nominations.Remove(pod.Key);
            wasAssumed = state.Assumed.Remove(pod.Key);
            before = state.Cluster.Placed(pod.Key);
            state.Cluster.Place(pod, pod.NodeName!);
        }

        if (before is null || wasAssumed || before.GroupKey != pod.GroupKey)
        {
            state.Queue.Announce(new ClusterEvent(ClusterChange.PodPlaced, Pod: pod));
        }

        if (before is not null && pod.Requests.IsLessAnywhere(before.Requests))
        {
            state.Queue.Announce(new ClusterEvent(ClusterChange.PodGone, Pod: before));
        }
    }

    private void Wanting(V1Pod? old, PodInfo pod)
    {
        if (state.PluginsOf(pod) is null)
        {
            return;
        }

        lock (state.Gate)
        {
            if (state.Assumed.TryGetValue(pod.Key, out var assumed) && assumed.Uid == pod.Uid)
            {
                return;
            }

            Nominate(old, pod);
        }

        state.Queue.Set(pod, retry: old is not null && WantsOther(old, pod.Pod), state.GatesOf(pod));
    }

    /// <summary>What an earlier run of the scheduler, or somebody else, promised the pod counts too.</summary>
    private void Nominate(V1Pod? old, PodInfo pod)
    {
        if (pod.Pod.Status?.NominatedNodeName is { Length: > 0 } node)
        {
            state.Cluster.Nominations.Set(pod, node);
        }
        else if (!string.IsNullOrEmpty(old?.Status?.NominatedNodeName))
        {
            state.Cluster.Nominations.Remove(pod.Key);
        }
    }

    /// <summary>Changes of status do not let a pod fit; changes of what it asks for may.</summary>
    private static bool WantsOther(V1Pod old, V1Pod now) =>
        !ObjectJson.Encode(old.Spec).AsSpan().SequenceEqual(ObjectJson.Encode(now.Spec))
        || !Labels.AreSame(old.Metadata.Labels, now.Metadata.Labels)
        || !ObjectJson.Encode(old.Status?.ResourceClaimStatuses).AsSpan().SequenceEqual(ObjectJson.Encode(now.Status?.ResourceClaimStatuses));
}
