using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using k8s.Models;

namespace Flotilla.Scheduler.Feed;

/// <summary>Carries changes of claims and volumes into the snapshot.</summary>
public sealed class VolumeFeed(SchedulerState state, InformerSet informers)
{
    public void Subscribe()
    {
        informers.Of<V1PersistentVolumeClaim>().Subscribe(OnClaim);
        informers.Of<V1PersistentVolume>().Subscribe(OnVolume);
    }

    private void OnClaim(ObjectChange<V1PersistentVolumeClaim> change)
    {
        lock (state.Gate)
        {
            if (change.New is null)
            {
                state.Cluster.Volumes.RemoveClaim(change.Latest.Key());
            }
            else
            {
                state.Cluster.Volumes.Set(change.New);
            }
        }

        state.Queue.Announce(ClusterChange.Volume);
    }

    private void OnVolume(ObjectChange<V1PersistentVolume> change)
    {
        lock (state.Gate)
        {
            if (change.New is null)
            {
                state.Cluster.Volumes.RemoveVolume(change.Latest.Metadata.Name);
            }
            else
            {
                state.Cluster.Volumes.Set(change.New);
            }
        }

        state.Queue.Announce(ClusterChange.Volume);
    }
}
