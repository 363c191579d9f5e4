using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Storage;

namespace Flotilla.Server.Admission;

/// <summary>Runs pods as a service account: the default one if none is named, with its token mounted unless declined.</summary>
public sealed class ServiceAccountAdmission(IStore store) : IAdmissionPlugin
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsCreateOf(CoreKinds.Pod))
        {
            return;
        }

        var (metadata, spec) = (request.Object.Child("metadata"), request.Object.Child("spec"));
        if (metadata.Object("annotations")?.ContainsKey("kubernetes.io/config.mirror") == true)
        {
            return;
        }

        spec.DefaultText("serviceAccountName", "default");
        var name = spec.String("serviceAccountName")!;
        spec["serviceAccount"] = name;
        var space = metadata.String("namespace");
        var account = await FindAsync(space!, name, cancellationToken) ?? throw Failures.Forbidden(
            $"pods \"{metadata.String("name")}\" is forbidden: error looking up service account {space}/{name}: serviceaccount \"{name}\" not found", "", "pods", metadata.String("name") ?? "");
        if (spec.Array("imagePullSecrets") is null && account.Array("imagePullSecrets") is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }

        if (spec.Boolean("automountServiceAccountToken") ?? account.Boolean("automountServiceAccountToken") ?? true)
        {
            MountToken(spec);
        }
    }

    private async Task<JsonObject?> FindAsync(string space, string name, CancellationToken cancellationToken)
    {
        var key = $"{CoreKinds.ServiceAccount.StoragePrefix}{space}/{name}";

        // The controller makes the default account right after its namespace: a pod that is faster waits for it.
        for (var attempt = 0; attempt < 40; attempt++)
        {
            if (await store.GetAsync(key, cancellationToken) is { } entry)
            {
                return (JsonObject)GoJson.Parse(entry.Value.Span)!;
            }

            if (name != "default")
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), cancellationToken);
        }

        return null;
    }

    private static void MountToken(JsonObject spec)
    {
        var containers = spec.Objects("initContainers").Concat(spec.Objects("containers")).ToList();
        var lacking = containers.Where(container => !container.Objects("volumeMounts").Any(mount => mount.String("mountPath") == MountPath)).ToList();
        if (lacking.Count == 0)
        {
            return;
        }

        var volume = "kube-api-access-" + RandomNumberGenerator.GetString(Alphabet, 5);
        foreach (var container in lacking)
        {
            if (container.Array("volumeMounts") is not { } mounts)
            {
                container["volumeMounts"] = mounts = [];
            }

            mounts.Add(new JsonObject { ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath });
        }

        if (spec.Array("volumes") is not { } volumes)
        {
            spec["volumes"] = volumes = [];
        }

        var sources = JsonNode.Parse("""
            [{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
             {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
             {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}]
            """);
        volumes.Add(new JsonObject { ["name"] = volume, ["projected"] = new JsonObject { ["sources"] = sources, ["defaultMode"] = 420 } });
    }
}

/// <summary>Pods tolerate a node that is not ready or not reachable for five minutes, unless they say otherwise.</summary>
public sealed class DefaultTolerationSeconds : IAdmissionPlugin
{
    private const int Seconds = 300;

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsCreateOf(CoreKinds.Pod))
        {
            var spec = request.Object.Child("spec");
            foreach (var key in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
            {
                Tolerate(spec, key);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void Tolerate(JsonObject spec, string key)
    {
        foreach (var toleration in spec.Objects("tolerations"))
        {
            if ((toleration.String("key") ?? "") is var own && (own == key || own.Length == 0) && (toleration.String("effect") ?? "") is "" or "NoExecute")
            {
                return;
            }
        }

        if (spec.Array("tolerations") is not { } list)
        {
            spec["tolerations"] = list = [];
        }

        list.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = Seconds });
    }
}

/// <summary>Turns a pod's priority class into its number.</summary>
public sealed class PriorityAdmission(IStore store) : IAdmissionPlugin
{
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsCreateOf(CoreKinds.Pod))
        {
            return;
        }

        var spec = request.Object.Child("spec");
        var (priority, policy) = (0L, "PreemptLowerPriority");
        if (spec.String("priorityClassName") is { Length: > 0 } name)
        {
            var entry = await store.GetAsync(SchedulingKinds.PriorityClass.StoragePrefix + name, cancellationToken) ?? throw Failures.Forbidden(
                $"pods \"{request.Object.Object("metadata").String("name")}\" is forbidden: no PriorityClass with name {name} was found", "", "pods", request.Object.Object("metadata").String("name") ?? "");
            var found = (JsonObject)GoJson.Parse(entry.Value.Span)!;
            (priority, policy) = (found.Integer("value") ?? 0, found.String("preemptionPolicy") ?? policy);
        }
        else if (await FindDefaultAsync(cancellationToken) is { } standard)
        {
            spec["priorityClassName"] = standard.Object("metadata").String("name");
            (priority, policy) = (standard.Integer("value") ?? 0, standard.String("preemptionPolicy") ?? policy);
        }

        spec["priority"] = priority;
        spec.DefaultText("preemptionPolicy", policy);
    }

    private async Task<JsonObject?> FindDefaultAsync(CancellationToken cancellationToken)
    {
        var classes = await store.ListAsync(SchedulingKinds.PriorityClass.StoragePrefix, null, 0, null, cancellationToken);
        return classes.Entries
            .Where(entry => entry.Value.Span.IndexOf("\"globalDefault\":true"u8) >= 0)
            .Select(entry => (JsonObject)GoJson.Parse(entry.Value.Span)!)
            .OrderBy(found => found.Integer("value"))
            .FirstOrDefault();
    }
}

/// <summary>A new node takes no pods until its agent has reported.</summary>
public sealed class TaintNewNodes : IAdmissionPlugin
{
    private const string NotReady = "node.kubernetes.io/not-ready";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind == CoreKinds.Node && request.Operation == AdmissionOperation.Create)
        {
            var spec = request.Object.Child("spec");
            if (!spec.Objects("taints").Any(taint => taint.String("key") == NotReady && taint.String("effect") == "NoSchedule"))
            {
                if (spec.Array("taints") is not { } taints)
                {
                    spec["taints"] = taints = [];
                }

                taints.Add(new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
            }
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>A claim without a class gets the cluster's default one.</summary>
public sealed class DefaultStorageClass(IStore store) : IAdmissionPlugin
{
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind != CoreKinds.PersistentVolumeClaim || request.Operation != AdmissionOperation.Create || request.Object.Object("spec")?.ContainsKey("storageClassName") == true)
        {
            return;
        }

        var classes = await store.ListAsync(StorageKinds.StorageClass.StoragePrefix, null, 0, null, cancellationToken);
        var standard = classes.Entries
            .Select(entry => (JsonObject)GoJson.Parse(entry.Value.Span)!)
            .Where(found => found.Object("metadata").Object("annotations").String("storageclass.kubernetes.io/is-default-class") == "true")
            .OrderByDescending(found => found.Object("metadata").String("creationTimestamp"), StringComparer.Ordinal)
            .FirstOrDefault();
        if (standard is not null)
        {
            request.Object.Child("spec")["storageClassName"] = standard.Object("metadata").String("name");
        }
    }
}
