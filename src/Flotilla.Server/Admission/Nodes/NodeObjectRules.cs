using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.Nodes;

/// <summary>What a node's agent may write into its own Node: labels of the cluster's and taints are not its business.</summary>
internal static class NodeObjectRules
{
    private static readonly string[] Allowed =
    [
        "kubernetes.io/hostname", "kubernetes.io/instance-type", "node.kubernetes.io/instance-type", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region", "failure-domain.kubernetes.io/zone",
        "failure-domain.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    ];

    private static readonly string[] AllowedDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    public static string? Check(AdmissionRequest request, string node)
    {
        if (request.Name.Length > 0 && request.Name != node)
        {
            return $"node \"{node}\" is not allowed to modify node \"{request.Name}\"";
        }

        return request.Operation switch
        {
            AdmissionOperation.Create => CheckCreation(request.Object, node),
            AdmissionOperation.Update => CheckUpdate(request.Object, request.Old ?? [], node),
            _ => null,
        };
    }

    private static string? CheckCreation(JsonObject item, string node)
    {
        var forbidden = Labels(item).Select(pair => pair.Key).Where(IsForbidden).Order(StringComparer.Ordinal).ToList();
        return forbidden.Count > 0 ? $"node \"{node}\" is not allowed to set the following labels: {string.Join(", ", forbidden)}" : null;
    }

    private static string? CheckUpdate(JsonObject item, JsonObject old, string node)
    {
        if (!(item.Object("spec")?["taints"]).SameAs(old.Object("spec")?["taints"]))
        {
            return $"node \"{node}\" is not allowed to modify taints";
        }

        if (!(item.Object("metadata")?["ownerReferences"]).SameAs(old.Object("metadata")?["ownerReferences"]))
        {
            return $"node \"{node}\" is not allowed to modify ownerReferences";
        }

        var (labels, before) = (Labels(item), Labels(old));
        var changed = labels.Select(pair => pair.Key).Concat(before.Select(pair => pair.Key)).Distinct()
            .Where(key => !labels[key].SameAs(before[key]) && IsForbidden(key)).Order(StringComparer.Ordinal).ToList();
        return changed.Count > 0 ? $"is not allowed to modify labels: {string.Join(", ", changed)}" : null;
    }

    private static bool IsForbidden(string key)
    {
        var domain = key.Split('/')[0];
        var isKubernetes = key.Contains('/', StringComparison.Ordinal) && (Below(domain, "kubernetes.io") || Below(domain, "k8s.io"));
        return isKubernetes && !Allowed.Contains(key) && !AllowedDomains.Any(allowed => Below(domain, allowed));
    }

    private static bool Below(string domain, string parent) => domain == parent || domain.EndsWith("." + parent, StringComparison.Ordinal);

    private static JsonObject Labels(JsonObject item) => item.Object("metadata").Object("labels") ?? [];
}
