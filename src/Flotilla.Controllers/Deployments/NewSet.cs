using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>The ReplicaSet for a Deployment's present template.</summary>
internal static class NewSet
{
    public static V1ReplicaSet Build(V1Deployment deployment, RolloutSets sets)
    {
        var template = deployment.Spec.Template;
        var hash = TemplateHash.Compute(template, deployment.Status?.CollisionCount);
        var labels = new Dictionary<string, string>(template.Metadata?.Labels ?? new Dictionary<string, string>()) { [TemplateHash.Label] = hash };
        return new V1ReplicaSet
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new V1ObjectMeta
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = labels,
                Annotations = Revisions.For(deployment, null, Revisions.MaxOf(sets.Old) + 1),
                OwnerReferences = [Owners.ReferenceTo(deployment)],
            },
            Spec = new V1ReplicaSetSpec
            {
                Replicas = RolloutMath.NewSetSize(deployment, 0, sets.TotalSize),
                MinReadySeconds = deployment.Spec.MinReadySeconds,
                Selector = SelectorWith(deployment.Spec.Selector, hash),
                Template = template with { Metadata = (template.Metadata ?? new V1ObjectMeta()) with { Labels = labels } },
            },
        };
    }

    private static V1LabelSelector SelectorWith(V1LabelSelector selector, string hash) => selector with
    {
        MatchLabels = new Dictionary<string, string>(selector.MatchLabels ?? new Dictionary<string, string>()) { [TemplateHash.Label] = hash },
    };
}
