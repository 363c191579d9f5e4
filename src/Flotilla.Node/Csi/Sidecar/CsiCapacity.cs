using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Node.Csi.Api;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Csi.Sidecar;

/// <summary>Publishes how much room a driver has on this node for the volumes of one class, for the scheduler to read.</summary>
internal sealed class CsiCapacity(NodeOptions options, IObjectClient client)
{
    private const string Namespace = "kube-system";

    /// <returns>Whether the driver tells at all.</returns>
    public async Task<bool> PublishAsync(V1StorageClass storageClass, CsiDriver driver, CancellationToken cancellationToken)
    {
        GetCapacityResponse answer;
        try
        {
            answer = await driver.Controller.GetCapacityAsync(RequestFor(storageClass, driver), CsiDriver.Call(cancellationToken));
        }
        catch (RpcException unknown) when (unknown.StatusCode == StatusCode.Unimplemented)
        {
            return false;
        }
        await WriteAsync(
            new V1CSIStorageCapacity
            {
                ApiVersion = "storage.k8s.io/v1",
                Kind = "CSIStorageCapacity",
                Metadata = new V1ObjectMeta
                {
                    Name = NameFor(storageClass.Metadata.Name),
                    NamespaceProperty = Namespace,
                    Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["csi.storage.k8s.io/drivername"] = driver.Name },
                },
                StorageClassName = storageClass.Metadata.Name,
                NodeTopology = new V1LabelSelector { MatchLabels = new Dictionary<string, string>(driver.Topology, StringComparer.Ordinal) },
                Capacity = new ResourceQuantity($"{answer.AvailableCapacity}"),
                MaximumVolumeSize = answer.MaximumVolumeSize is { } most ? new ResourceQuantity($"{most}") : null,
            },
            cancellationToken);
        return true;
    }

    public async Task WithdrawAsync(string storageClass, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync<V1CSIStorageCapacity>(new ObjectKey(Namespace, NameFor(storageClass)), null, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            // Never published, or gone already.
        }
    }

    private async Task WriteAsync(V1CSIStorageCapacity capacity, CancellationToken cancellationToken)
    {
        try
        {
            var known = await client.GetAsync<V1CSIStorageCapacity>(capacity.Key(), cancellationToken);
            if (known.Capacity?.ToDecimal() != capacity.Capacity.ToDecimal() || known.MaximumVolumeSize?.ToDecimal() != capacity.MaximumVolumeSize?.ToDecimal())
            {
                await client.UpdateAsync(capacity with { Metadata = known.Metadata, NodeTopology = known.NodeTopology }, cancellationToken);
            }
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            await client.CreateAsync(capacity, cancellationToken);
        }
    }

    private string NameFor(string storageClass) => $"csisc-{CsiNames.Hash(storageClass + "/" + options.NodeName)[..20]}";

    private static GetCapacityRequest RequestFor(V1StorageClass storageClass, CsiDriver driver)
    {
        var request = new GetCapacityRequest();
        request.Parameters.Add((storageClass.Parameters ?? new Dictionary<string, string>(StringComparer.Ordinal))
            .Where(pair => !pair.Key.StartsWith("csi.storage.k8s.io/", StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal));
        if (driver.Topology.Count > 0)
        {
            request.AccessibleTopology = new Topology();
            request.AccessibleTopology.Segments.Add(new Dictionary<string, string>(driver.Topology, StringComparer.Ordinal));
        }
        return request;
    }
}
