using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>Deletes pods that do not, or no longer, tolerate what is wrong with their node.</summary>
internal sealed class TaintEvictionController : Controller
{
    private static readonly Departure Tainted = new(
        "TaintManagerEviction", pod => $"Marking for deletion Pod {pod}", pod => $"Cancelling deletion of Pod {pod}",
        "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");

    private readonly PodDepartures departures;
    private readonly Informer<V1Node> nodes;
    private readonly Informer<V1Pod> pods;
    private readonly TaintTimes times = new();

    public TaintEvictionController(ControllerContext context)
        : base(context, "taint-eviction-controller", workers: 8)
    {
        departures = new PodDepartures(Queue, Events, Client, Tainted);
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
            departures.Forget(key);
            return;
        }

        var at = EvictionPlan.LeaveAt(pod, times.Of(nodes.Get(new ObjectKey(null, pod.Spec.NodeName)), Now), Now);
        await departures.SettleAsync(pod, at, Now, cancellationToken);
    }
}
