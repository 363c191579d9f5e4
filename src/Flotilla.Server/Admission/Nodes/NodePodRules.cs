using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Networks;
using Flotilla.Server.Admission.ServiceAccounts;

namespace Flotilla.Server.Admission.Nodes;

/// <summary>What a node's agent may do to pods; null: nothing is wrong.</summary>
internal static class NodePodRules
{
    private const string Mirror = "kubernetes.io/config.mirror";

    public static string? CheckCreation(JsonObject pod, string node)
    {
        var (metadata, spec) = (pod.Object("metadata"), pod.Object("spec"));
        if (metadata.Object("annotations")?.ContainsKey(Mirror) != true)
        {
            return $"pod does not have \"{Mirror}\" annotation, node \"{node}\" can only create mirror pods";
        }

        if (spec.String("nodeName") != node)
        {
            return $"node \"{node}\" can only create pods with spec.nodeName set to itself";
        }

        if (metadata.Objects("ownerReferences").Any(owner => owner.String("kind") != "Node" || owner.String("name") != node))
        {
            return $"node \"{node}\" can only create pods with an owner reference set to itself";
        }

        // Who is in a network of the swarm the managers say.
        if (metadata.Object("labels")?.Any(label => label.Key.StartsWith(SwarmNetworkLabels.Prefix, StringComparison.Ordinal)) == true)
        {
            return $"node \"{node}\" can not create pods in networks of the swarm";
        }

        return Reference(spec) is { } reference ? $"node \"{node}\" can not create pods that reference {reference}" : null;
    }

    public static string? CheckStatus(AdmissionRequest request, string node)
    {
        if (request.Old.Object("spec").String("nodeName") != node)
        {
            return $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself";
        }

        return (request.Object.Object("metadata").Object("labels") ?? []).SameAs(request.Old.Object("metadata").Object("labels") ?? [])
            ? null
            : $"node \"{node}\" cannot update labels through pod status";
    }

    private static string? Reference(JsonObject? spec)
    {
        if (!string.IsNullOrEmpty(spec.String("serviceAccountName")))
        {
            return "a service account";
        }

        if (SecretEnforcement.References(spec).Any())
        {
            return "secrets";
        }

        var volumes = spec.Objects("volumes").ToList();
        return volumes.Any(volume => volume.Object("configMap") is not null) || Containers(spec).Any(ReadsConfigMap) ? "configmaps"
            : volumes.Any(volume => volume.Object("persistentVolumeClaim") is not null || volume.Object("ephemeral") is not null) ? "persistentvolumeclaims"
            : null;
    }

    private static IEnumerable<JsonObject> Containers(JsonObject? spec) => spec.Objects("initContainers").Concat(spec.Objects("containers"));

    private static bool ReadsConfigMap(JsonObject container) =>
        container.Objects("env").Any(variable => variable.Object("valueFrom").Object("configMapKeyRef") is not null)
        || container.Objects("envFrom").Any(source => source.Object("configMapRef") is not null);
}
