using k8s;
using k8s.Models;

namespace Flotilla.Controllers.Pods;

internal static class PodTemplates
{
    /// <summary>A pod as the template says, controlled by <paramref name="owner"/>; the server completes its name.</summary>
    public static V1Pod NewPod<TOwner>(V1PodTemplateSpec template, TOwner owner)
        where TOwner : IKubernetesObject<V1ObjectMeta> => new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                GenerateName = NamePrefix(owner.Metadata.Name),
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels is { } labels ? new Dictionary<string, string>(labels) : null,
                Annotations = template.Metadata?.Annotations is { } annotations ? new Dictionary<string, string>(annotations) : null,
                Finalizers = template.Metadata?.Finalizers,
                OwnerReferences = [Owners.ReferenceTo(owner)],
            },
            Spec = template.Spec with { },
        };

    // A prefix that would make no valid name with a dash is used without one, as upstream does.
    private static string NamePrefix(string owner) => owner.Length < 253 ? owner + "-" : owner;
}
