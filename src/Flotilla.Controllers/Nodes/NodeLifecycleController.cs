using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>Notices nodes that fell silent, and says by taints what is wrong with any node.</summary>
internal sealed class NodeLifecycleController : Controller
{
    private const string LeaseNamespace = "kube-node-lease";

    private readonly Informer<V1Node> nodes;
    private readonly Informer<V1Lease> leases;
    private readonly Informer<V1Pod> pods;
    private readonly Heartbeats heartbeats;

    public NodeLifecycleController(ControllerContext context)
        : base(context, "node-controller", workers: 4)
    {
        heartbeats = new Heartbeats(context.Time);
        leases = Watch<V1Lease>(new ListScope(LeaseNamespace));
        pods = Watch<V1Pod>();
        pods.AddNodeIndex();
        nodes = Watch<V1Node>();
        nodes.Subscribe(NodeChanged);
    }

    protected override Task RunAsync(CancellationToken stoppingToken) => RepeatAsync(
        Options.NodeMonitorPeriod,
        _ =>
        {
            foreach (var node in nodes.List())
            {
                Queue.Add(node.Key());
            }

            return Task.CompletedTask;
        },
        stoppingToken);

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (nodes.Get(key) is not { } node)
        {
            return;
        }

        var silence = heartbeats.SilenceOf(node, leases.Get(new ObjectKey(LeaseNamespace, key.Name)));
        var isSilent = silence > Options.NodeGracePeriod;
        var mayEvict = nodes.List().Any(other => NodePlan.ReadyStatus(other) == "True");
        var plan = NodePlan.For(node, isSilent, mayEvict, Now);
        if (plan.Conditions is { } conditions)
        {
            node = await Client.UpdateStatusAsync(
                node with { ApiVersion = "v1", Kind = "Node", Status = (node.Status ?? new V1NodeStatus()) with { Conditions = conditions } },
                cancellationToken);
        }

        if (plan.Taints is { } taints)
        {
            node = await Client.UpdateAsync(
                node with { ApiVersion = "v1", Kind = "Node", Spec = (node.Spec ?? new V1NodeSpec()) with { Taints = taints.Count == 0 ? null : taints } },
                cancellationToken);
        }

        if (NodePlan.ReadyStatus(node) != "True")
        {
            await MarkPodsNotReadyAsync(node, cancellationToken);
        }
    }

    /// <summary>Services must not lead to pods of which nobody knows anything.</summary>
    private async Task MarkPodsNotReadyAsync(V1Node node, CancellationToken cancellationToken)
    {
        foreach (var pod in pods.OnNode(node.Metadata.Name).Where(pod => pod.IsReady()))
        {
            var conditions = pod.Status.Conditions
                .Select(condition => condition.Type == "Ready" ? condition with { Status = "False", LastTransitionTime = Now } : condition)
                .ToList();
            try
            {
                await Client.UpdateStatusAsync(
                    pod with { ApiVersion = "v1", Kind = "Pod", Status = pod.Status with { Conditions = conditions } }, cancellationToken);
                Events.Record(pod, "Warning", "NodeNotReady", "Node is not ready");
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // It was deleted, which serves as well.
            }
        }
    }

    private void NodeChanged(ObjectChange<V1Node> change)
    {
        var name = change.Latest.Metadata.Name;
        if (change.Old is null)
        {
            Record(change.Latest, "RegisteredNode", $"Node {name} event: Registered Node {name} in Controller");
        }
        else if (change.New is null)
        {
            heartbeats.Forget(name);
            Record(change.Latest, "RemovingNode", $"Node {name} event: Removing Node {name} from Controller");
        }
        else if (NodePlan.ReadyStatus(change.Old) == "True" && NodePlan.ReadyStatus(change.New) != "True")
        {
            Record(change.Latest, "NodeNotReady", $"Node {name} status is now: NodeNotReady");
        }

        Queue.Add(change.Latest.Key());
    }

    private void Record(V1Node node, string reason, string message) => Events.Record(node, "Normal", reason, message);
}
