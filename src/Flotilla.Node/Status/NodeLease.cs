using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>The Lease in kube-node-lease by which the control plane knows that the node lives.</summary>
internal sealed class NodeLease(NodeOptions options, IObjectClient client, TimeProvider time)
{
    private const string Namespace = "kube-node-lease";
    private V1Lease? known;

    /// <summary>Creates or renews it once.</summary>
    public async Task RenewAsync(string? nodeUid, CancellationToken cancellationToken)
    {
        try
        {
            var lease = known ?? await client.GetAsync<V1Lease>(new ObjectKey(Namespace, options.NodeName), cancellationToken);
            known = null;
            known = await client.UpdateAsync(lease with { Metadata = lease.Metadata with { OwnerReferences = Owner(nodeUid) }, Spec = Spec() }, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            known = await client.CreateAsync(
                new V1Lease
                {
                    ApiVersion = "coordination.k8s.io/v1",
                    Kind = "Lease",
                    Metadata = new V1ObjectMeta { Name = options.NodeName, NamespaceProperty = Namespace, OwnerReferences = Owner(nodeUid) },
                    Spec = Spec(),
                },
                cancellationToken);
        }
    }

    private V1LeaseSpec Spec() => new()
    {
        HolderIdentity = options.NodeName,
        LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds,
        RenewTime = time.GetUtcNow().UtcDateTime,
    };

    private List<V1OwnerReference>? Owner(string? nodeUid) =>
        nodeUid is null ? null : [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = options.NodeName, Uid = nodeUid }];
}
