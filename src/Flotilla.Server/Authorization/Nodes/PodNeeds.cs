using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Authorization.Nodes;

/// <summary>The storage keys of all objects that the node must read to run a pod. Pure.</summary>
internal static class PodNeeds
{
    public static IEnumerable<string> Of(JsonObject pod)
    {
        var (metadata, spec) = (pod.Object("metadata"), pod.Object("spec"));
        var space = metadata.String("namespace") ?? "";

        // A mirror of a file on the node: it must not open the way to anything.
        if (metadata.Object("annotations")?.ContainsKey("kubernetes.io/config.mirror") == true)
        {
            return [];
        }

        return Accounts(spec)
            .Concat(Pairs(CoreKinds.Secret, spec.Objects("imagePullSecrets").Select(item => item.String("name"))))
            .Concat(Containers(spec).SelectMany(Environment))
            .Concat(spec.Objects("volumes").SelectMany(volume => Volume(volume, metadata.String("name") ?? "")))
            .Concat(Claims(pod))
            .Where(pair => !string.IsNullOrEmpty(pair.Name))
            .Select(pair => $"{pair.Kind.StoragePrefix}{space}/{pair.Name}");
    }

    private static IEnumerable<(Kind Kind, string? Name)> Accounts(JsonObject? spec) => [(CoreKinds.ServiceAccount, spec.String("serviceAccountName"))];

    private static IEnumerable<JsonObject> Containers(JsonObject? spec) =>
        spec.Objects("initContainers").Concat(spec.Objects("containers")).Concat(spec.Objects("ephemeralContainers"));

    private static IEnumerable<(Kind Kind, string? Name)> Environment(JsonObject container)
    {
        foreach (var source in container.Objects("envFrom").Concat(container.Objects("env").Select(item => item.Object("valueFrom")).OfType<JsonObject>()))
        {
            foreach (var name in (string[])["secretRef", "secretKeyRef"])
            {
                yield return (CoreKinds.Secret, source.Object(name).String("name"));
            }

            foreach (var name in (string[])["configMapRef", "configMapKeyRef"])
            {
                yield return (CoreKinds.ConfigMap, source.Object(name).String("name"));
            }
        }
    }

    private static IEnumerable<(Kind Kind, string? Name)> Volume(JsonObject volume, string pod)
    {
        yield return (CoreKinds.Secret, volume.Object("secret").String("secretName"));
        yield return (CoreKinds.ConfigMap, volume.Object("configMap").String("name"));
        yield return (CoreKinds.PersistentVolumeClaim, volume.Object("persistentVolumeClaim").String("claimName"));
        if (volume.Object("ephemeral") is not null)
        {
            yield return (CoreKinds.PersistentVolumeClaim, $"{pod}-{volume.String("name")}");
        }

        foreach (var source in volume.Object("projected").Objects("sources"))
        {
            yield return (CoreKinds.Secret, source.Object("secret").String("name"));
            yield return (CoreKinds.ConfigMap, source.Object("configMap").String("name"));
        }

        // Network volumes name the Secret they log in with.
        foreach (var source in volume.Select(pair => pair.Value).OfType<JsonObject>())
        {
            yield return (CoreKinds.Secret, source.Object("secretRef").String("name"));
            yield return (CoreKinds.Secret, source.Object("nodePublishSecretRef").String("name"));
        }
    }

    private static IEnumerable<(Kind Kind, string? Name)> Claims(JsonObject pod) =>
        Pairs(ResourceKinds.ResourceClaim, pod.Object("spec").Objects("resourceClaims").Select(claim => claim.String("resourceClaimName")))
            .Concat(Pairs(ResourceKinds.ResourceClaim, pod.Object("status").Objects("resourceClaimStatuses").Select(claim => claim.String("resourceClaimName"))))
            .Concat(Pairs(ResourceKinds.ResourceClaim, [pod.Object("status").Object("extendedResourceClaimStatus").String("resourceClaimName")]));

    private static IEnumerable<(Kind Kind, string? Name)> Pairs(Kind kind, IEnumerable<string?> names) => names.Select(name => (kind, name));
}
