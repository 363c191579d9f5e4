using System.Globalization;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>
/// Tells nodes for how long they may keep ConfigMaps and Secrets without asking: the longer, the more nodes ask.
/// A number is only left when the count is clearly beyond its range, so that it does not flap.
/// </summary>
internal sealed class NodeTtlController : Controller
{
    private const string Annotation = "node.alpha.kubernetes.io/ttl";
    private static readonly (int Least, int Most, int Seconds)[] Steps =
        [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, int.MaxValue, 300)];

    private readonly Informer<V1Node> nodes;
    private int step;

    public NodeTtlController(ControllerContext context)
        : base(context, "ttl-controller", workers: 1)
    {
        nodes = Watch<V1Node>();
        nodes.Subscribe(NodeChanged);
    }

    public static int StepFor(int nodes, int step)
    {
        while (nodes > Steps[step].Most)
        {
            step++;
        }

        while (nodes < Steps[step].Least)
        {
            step--;
        }

        return step;
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var wanted = Steps[Volatile.Read(ref step)].Seconds.ToString(CultureInfo.InvariantCulture);
        if (nodes.Get(key) is not { } node || (node.Metadata.Annotations?.TryGetValue(Annotation, out var known) == true && known == wanted))
        {
            return;
        }

        var patch = JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { annotations = new Dictionary<string, string> { [Annotation] = wanted } } });
        try
        {
            await Client.PatchAsync<V1Node>(key, new Patch(PatchKind.Merge, patch), null, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // It left meanwhile.
        }
    }

    private void NodeChanged(ObjectChange<V1Node> change)
    {
        var next = change.Old is null || change.New is null ? StepFor(nodes.List().Count, step) : step;
        if (next != step)
        {
            Volatile.Write(ref step, next);
            foreach (var node in nodes.List())
            {
                Queue.Add(node.Key());
            }
        }

        Queue.Add(change.Latest.Key());
    }
}
