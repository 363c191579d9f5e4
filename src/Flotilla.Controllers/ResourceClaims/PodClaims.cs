using Flotilla.Api.Pods;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.ResourceClaims;

/// <summary>The claims to devices that a pod has. Pure.</summary>
internal static class PodClaims
{
    /// <summary>On a claim made from a template: which of the pod's claims it is.</summary>
    public const string NameAnnotation = "resource.kubernetes.io/pod-claim-name";

    public static bool IsDone(V1Pod pod) => pod.IsTerminal() || (pod.IsDeleting() && string.IsNullOrEmpty(pod.Spec.NodeName));

    /// <summary>Of all claims that it has already, also of the one that the scheduler has made for its extended resources.</summary>
    public static IEnumerable<string> NamesOf(V1Pod pod) => (pod.Spec.ResourceClaims ?? [])
        .Select(claim => PodDeviceClaims.TryGetName(pod, claim, out var name) ? name : null)
        .Append(pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName).OfType<string>().Where(name => name.Length > 0);

    public static V1ResourceClaimStatus Left(V1ResourceClaimStatus status, IList<V1ResourceClaimConsumerReference> users) => users.Count > 0
        ? status with { ReservedFor = users }
        : status with { ReservedFor = null, Allocation = null, Devices = null };

    /// <returns>null: nothing protects it.</returns>
    public static Resourcev1ResourceClaim? WithoutProtection(Resourcev1ResourceClaim claim) => claim.Metadata.Finalizers?.Contains(PodDeviceClaims.Protection) == true
        ? claim with { Metadata = claim.Metadata with { Finalizers = [.. claim.Metadata.Finalizers.Where(other => other != PodDeviceClaims.Protection)] } }
        : null;

    public static bool IsOf(Resourcev1ResourceClaim claim, V1Pod pod) => claim.Controller() is { Kind: "Pod" } owner && owner.Uid == pod.Metadata.Uid;

    public static string? PodClaimOf(Resourcev1ResourceClaim claim) =>
        claim.Metadata.Annotations is { } annotations && annotations.TryGetValue(NameAnnotation, out var name) ? name : null;

    public static Resourcev1ResourceClaim New(V1Pod pod, string name, V1ResourceClaimTemplate template) => new()
    {
        ApiVersion = "resource.k8s.io/v1",
        Kind = "ResourceClaim",
        Metadata = new V1ObjectMeta
        {
            GenerateName = $"{pod.Metadata.Name}-{name}-",
            NamespaceProperty = pod.Metadata.NamespaceProperty,
            Labels = template.Spec.Metadata?.Labels,
            Annotations = new Dictionary<string, string>(template.Spec.Metadata?.Annotations ?? new Dictionary<string, string>()) { [NameAnnotation] = name },
            OwnerReferences = [Owners.ReferenceTo(pod)],
        },
        Spec = template.Spec.Spec,
    };
}
