using Flotilla.Api;
using Flotilla.Api.Selectors;
using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Feed;

/// <summary>Carries changes of everything but pods from the informers into the snapshot.</summary>
public sealed class ClusterFeed(SchedulerState state, InformerSet informers)
{
    public void Subscribe()
    {
        informers.Of<V1Node>().Subscribe(OnNode);
        informers.Of<V1Namespace>().Subscribe(OnNamespace);
        new VolumeFeed(state, informers).Subscribe();
        new DeviceFeed(state, informers).Subscribe();
        informers.Of<V1PodDisruptionBudget>().Subscribe(OnBudget);
        informers.Of<V1Service>().Subscribe(OnService);
        informers.Of<V1ReplicaSet>().Subscribe(change =>
            OnOwner("ReplicaSet", change.Latest.Key(), change.New is null ? null : LabelMatcher.From(change.New.Spec.Selector)));
        informers.Of<V1StatefulSet>().Subscribe(change =>
            OnOwner("StatefulSet", change.Latest.Key(), change.New is null ? null : LabelMatcher.From(change.New.Spec.Selector)));
        informers.Of<V1ReplicationController>().Subscribe(change =>
            OnOwner("ReplicationController", change.Latest.Key(), change.New?.Spec.Selector is { Count: > 0 } selector ? LabelMatcher.Equal(selector) : null));
        informers.Of<V1Pod>().Subscribe(new PodFeed(state).OnPod);
    }

    public void OnNode(ObjectChange<V1Node> change)
    {
        lock (state.Gate)
        {
            if (change.New is null)
            {
                state.Cluster.RemoveNode(change.Latest.Metadata.Name);
                return;
            }

            state.Cluster.SetNode(change.New);
        }

        if (change.Old is null || Matters(change.Old, change.New))
        {
            state.Queue.Announce(new ClusterEvent(ClusterChange.Node, Node: change.New));
        }
    }

    /// <summary>Heartbeats and image lists change often and make no pod fit.</summary>
    private static bool Matters(V1Node old, V1Node now) =>
        !Labels.AreSame(old.Metadata.Labels, now.Metadata.Labels)
        || !ObjectJson.Encode(old.Spec).AsSpan().SequenceEqual(ObjectJson.Encode(now.Spec))
        || !ObjectJson.Encode(old.Status?.Allocatable).AsSpan().SequenceEqual(ObjectJson.Encode(now.Status?.Allocatable))
        || !ObjectJson.Encode(old.Status?.DeclaredFeatures).AsSpan().SequenceEqual(ObjectJson.Encode(now.Status?.DeclaredFeatures));

    private void OnNamespace(ObjectChange<V1Namespace> change)
    {
        lock (state.Gate)
        {
            if (change.New is null)
            {
                state.Cluster.RemoveNamespace(change.Latest.Metadata.Name);
            }
            else
            {
                state.Cluster.SetNamespace(change.New.Metadata.Name, change.New.Metadata.Labels);
            }
        }

        state.Queue.Announce(ClusterChange.NamespaceLabels);
    }

    private void OnBudget(ObjectChange<V1PodDisruptionBudget> change)
    {
        lock (state.Gate)
        {
            if (change.New is null)
            {
                state.Cluster.Budgets.Remove(change.Latest.Key());
            }
            else
            {
                state.Cluster.Budgets.Set(change.Latest.Key(), change.New);
            }
        }
    }

    private void OnService(ObjectChange<V1Service> change)
    {
        lock (state.Gate)
        {
            state.Cluster.Workloads.SetService(change.Latest.Key(), change.New?.Spec?.Selector);
        }
    }

    private void OnOwner(string kind, ObjectKey key, LabelMatcher? selector)
    {
        lock (state.Gate)
        {
            if (selector is null)
            {
                state.Cluster.Workloads.RemoveOwner(kind, key);
            }
            else
            {
                state.Cluster.Workloads.SetOwner(kind, key, selector);
            }
        }
    }
}
