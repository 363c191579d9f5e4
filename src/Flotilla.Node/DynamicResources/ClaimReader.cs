using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.DynamicResources;

/// <summary>Finds the claims that a pod uses, and refuses what is not (or not really) the pod's.</summary>
internal sealed class ClaimReader(IObjectClient client)
{
    /// <exception cref="DynamicResourceException">The claim cannot be used now.</exception>
    public async Task<Resourcev1ResourceClaim> ReadAsync(V1Pod pod, PodClaimNames.Use use, CancellationToken cancellationToken)
    {
        Resourcev1ResourceClaim claim;
        try
        {
            claim = await client.GetAsync<Resourcev1ResourceClaim>(new ObjectKey(pod.Metadata.NamespaceProperty, use.Name), cancellationToken);
        }
        catch (ApiException failure)
        {
            throw new DynamicResourceException($"fetch ResourceClaim {use.Name}: {failure.Message}", failure);
        }
        var (metadata, space) = (claim.Metadata, pod.Metadata.NamespaceProperty);
        if (use.IsOwn && metadata.OwnerReferences?.Any(owner => owner.Controller == true && owner.Uid == pod.Metadata.Uid) != true)
        {
            throw new DynamicResourceException($"ResourceClaim {space}/{metadata.Name} was not created for pod {space}/{pod.Metadata.Name} (pod is not owner)");
        }
        if (claim.Status?.ReservedFor?.Any(consumer => consumer.Uid == pod.Metadata.Uid) != true)
        {
            throw new DynamicResourceException($"pod {pod.Metadata.Name} ({pod.Metadata.Uid}) is not allowed to use ResourceClaim {metadata.Name} ({metadata.Uid})");
        }
        return claim.Status.Allocation is null ? throw new DynamicResourceException($"ResourceClaim {metadata.Name}: not allocated") : claim;
    }
}
