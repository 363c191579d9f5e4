using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>Deletes pods that do not, or no longer, tolerate what is wrong with their node.</summary>
internal sealed class TaintEvictionController : Controller
{
    private readonly ConcurrentDictionary<ObjectKey, bool> scheduled = new();
    private readonly Informer<V1Node> nodes;
    private readonly Informer<V1Pod> pods;
    private readonly TaintTimes times = new();

    public TaintEvictionController(ControllerContext context)
        : base(context, "taint-eviction-controller", workers: 8)
    {
        pods = WatchAndEnqueue<V1Pod>();
        pods.AddNodeIndex();
        nodes = Watch<V1Node>();
        nodes.Subscribe(change =>
        {
            if (change.New?.Spec?.Taints is { Count: > 0 })
            {
                times.Of(change.New, Now);
            }
            else
            {
                times.Forget(change.Latest.Metadata.Name);
            }

            foreach (var pod in pods.OnNode(change.Latest.Metadata.Name))
            {
                Queue.Add(pod.Key());
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Get(key) is not { } pod || !pod.IsActive() || string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            scheduled.TryRemove(key, out _);
            return;
        }

        if (EvictionPlan.LeaveAt(pod, times.Of(nodes.Get(new ObjectKey(null, pod.Spec.NodeName)), Now), Now) is not { } at)
        {
            if (scheduled.TryRemove(key, out _))
            {
                Events.Record(pod, "Normal", "TaintManagerEviction", $"Cancelling deletion of Pod {key}");
            }

            return;
        }

        if (at > Now)
        {
            scheduled[key] = true;
            Queue.AddAfter(key, at - Now);
            return;
        }

        scheduled.TryRemove(key, out _);
        Events.Record(pod, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {key}");
        await PodDisruption.DeleteAsync(Client, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", Now, cancellationToken);
    }
}
