using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>Gives each node a range of its own for the addresses of its pods. One worker: no range is given twice.</summary>
internal sealed class NodeRangeController : Controller
{
    private readonly Informer<V1Node> nodes;
    private readonly RecentWrites<V1Node> writes;

    public NodeRangeController(ControllerContext context)
        : base(context, "cidrAllocator", workers: 1)
    {
        nodes = WatchAndEnqueue<V1Node>();
        writes = new RecentWrites<V1Node>(nodes, context.Time);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Options.PodCidr.Length == 0 || nodes.Get(key) is not { } cached || writes.Newest(cached) is not { Spec.PodCIDR: null or "" } node)
        {
            return;
        }

        var taken = writes.Over(nodes.List(), _ => true).SelectMany(other => other.Spec?.PodCIDRs ?? [other.Spec?.PodCIDR]).OfType<string>().ToList();
        var ranges = Options.PodCidr.Split(',').Select(cluster => PodRangePlan.Next(cluster, taken)).OfType<string>().ToArray();
        if (ranges.Length < Options.PodCidr.Split(',').Length)
        {
            Events.Record(node, "Normal", "CIDRNotAvailable", $"Node {key.Name} status is now: CIDRNotAvailable");
            return;
        }

        var patch = JsonSerializer.SerializeToUtf8Bytes(new { spec = new { podCIDR = ranges[0], podCIDRs = ranges } });
        writes.Wrote(await Client.PatchAsync<V1Node>(key, new Patch(PatchKind.StrategicMerge, patch), null, cancellationToken));
    }
}
