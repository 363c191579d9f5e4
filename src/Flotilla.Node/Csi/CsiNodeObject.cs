using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Csi;

/// <summary>What the cluster knows of the node's drivers: its CSINode, and labels and an annotation of the Node itself.</summary>
internal sealed class CsiNodeObject(NodeOptions options, IObjectClient client)
{
    private const string NodeIds = "csi.volume.kubernetes.io/nodeid";
    private const int Attempts = 5;

    private ObjectKey Key => new(null, options.NodeName);

    /// <summary>Every node has one, also without drivers.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var node = await client.GetAsync<V1Node>(Key, cancellationToken);
        try
        {
            await client.GetAsync<V1CSINode>(Key, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            await client.CreateAsync(New(node), cancellationToken);
        }
    }

    public async Task AddAsync(CsiDriver driver, CancellationToken cancellationToken)
    {
        var entry = new V1CSINodeDriver
        {
            Name = driver.Name,
            NodeID = driver.NodeId,
            TopologyKeys = driver.Topology.Count == 0 ? null : [.. driver.Topology.Keys.Order(StringComparer.Ordinal)],
            Allocatable = driver.MaxVolumes > 0 ? new V1VolumeNodeResources { Count = (int)Math.Min(driver.MaxVolumes, int.MaxValue) } : null,
        };
        await MarkNodeAsync(driver.Name, driver.NodeId, driver.Topology, cancellationToken);
        await ChangeAsync(drivers => [.. drivers.Where(other => other.Name != driver.Name), entry], cancellationToken);
    }

    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        await ChangeAsync(drivers => [.. drivers.Where(driver => driver.Name != name)], cancellationToken);
        await MarkNodeAsync(name, null, new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
    }

    private async Task ChangeAsync(Func<IList<V1CSINodeDriver>, List<V1CSINodeDriver>> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await EnsureAsync(cancellationToken);
            var node = await client.GetAsync<V1CSINode>(Key, cancellationToken);
            try
            {
                var spec = new V1CSINodeSpec { Drivers = change(node.Spec.Drivers ?? []) };
                await client.UpdateAsync(node with { ApiVersion = "storage.k8s.io/v1", Kind = "CSINode", Spec = spec }, cancellationToken);
                return;
            }
            catch (ApiException conflict) when (conflict.IsConflict && attempt < Attempts)
            {
                // Somebody else wrote in between: once more upon what is there now.
            }
        }
    }

    private async Task MarkNodeAsync(string driver, string? nodeId, IReadOnlyDictionary<string, string> topology, CancellationToken cancellationToken)
    {
        var node = await client.GetAsync<V1Node>(Key, cancellationToken);
        var ids = node.Metadata.Annotations is { } annotations && annotations.TryGetValue(NodeIds, out var text)
            ? JsonNode.Parse(text) as JsonObject ?? []
            : [];
        ids.Remove(driver);
        if (nodeId is not null)
        {
            ids[driver] = nodeId;
        }
        var patch = new
        {
            metadata = new
            {
                labels = topology,
                annotations = new Dictionary<string, string?>(StringComparer.Ordinal) { [NodeIds] = ids.Count == 0 ? null : ids.ToJsonString() },
            },
        };
        await client.PatchAsync<V1Node>(Key, new Patch(PatchKind.Merge, JsonSerializer.SerializeToUtf8Bytes(patch)), null, cancellationToken);
    }

    private static V1CSINode New(V1Node node) => new()
    {
        ApiVersion = "storage.k8s.io/v1",
        Kind = "CSINode",
        Metadata = new V1ObjectMeta
        {
            Name = node.Metadata.Name,
            OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Uid }],
        },
        Spec = new V1CSINodeSpec { Drivers = [] },
    };
}
