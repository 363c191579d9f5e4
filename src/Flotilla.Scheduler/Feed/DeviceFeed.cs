using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using k8s.Models;

namespace Flotilla.Scheduler.Feed;

/// <summary>Carries changes of devices, their classes and claims to them into the snapshot.</summary>
public sealed class DeviceFeed(SchedulerState state, InformerSet informers)
{
    public void Subscribe()
    {
        informers.Of<V1DeviceClass>().Subscribe(change => Change(() =>
        {
            if (change.New is null)
            {
                state.Cluster.Devices.RemoveClass(change.Latest.Metadata.Name);
            }
            else
            {
                state.Cluster.Devices.Set(change.New);
            }
        }));
        informers.Of<V1ResourceSlice>().Subscribe(change => Change(() =>
        {
            if (change.New is null)
            {
                state.Cluster.Devices.RemoveSlice(change.Latest.Metadata.Name);
            }
            else
            {
                state.Cluster.Devices.Set(change.New);
            }
        }));
        informers.Of<Resourcev1ResourceClaim>().Subscribe(change => Change(() =>
        {
            if (change.New is null)
            {
                state.Cluster.Devices.RemoveClaim(change.Latest.Key());
            }
            else
            {
                state.Cluster.Devices.Set(change.Latest.Key(), change.New);
            }
        }));
    }

    private void Change(Action apply)
    {
        lock (state.Gate)
        {
            apply();
        }

        state.Queue.Announce(ClusterChange.Device);
        state.ReviewGated();
    }
}
