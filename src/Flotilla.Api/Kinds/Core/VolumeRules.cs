using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class VolumeRules
{
    private const string Finalizer = "kubernetes.io/pv-protection";

    private static readonly HashSet<string> NotSources = new(StringComparer.Ordinal)
    {
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode", "nodeAffinity", "volumeAttributesClassName",
    };

    public static readonly IReadOnlyList<Column> Columns =
    [
        Cells.Name,
        Cells.Text("Capacity", "spec.capacity.storage"),
        new("Access Modes", (item, _) => VolumeClaimRules.AccessModes(item.Object("spec"))),
        Cells.Text("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
        new("Status", (item, _) => item.Object("metadata").String("deletionTimestamp") is null ? item.Object("status").String("phase") ?? "" : "Terminating"),
        new("Claim", (item, _) => item.Object("spec").Object("claimRef") is { } claim ? $"{claim.String("namespace")}/{claim.String("name")}" : ""),
        Cells.Text("StorageClass", "spec.storageClassName"),
        Cells.Text("VolumeAttributesClass", "spec.volumeAttributesClassName", absent: "<unset>"),
        Cells.Text("Reason", "status.reason"),
        Cells.Age,
        Cells.Text("VolumeMode", "spec.volumeMode", 1, "<unset>"),
    ];

    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        item.Child("status").DefaultText("phase", "Pending");
        spec.DefaultText("persistentVolumeReclaimPolicy", "Retain");
        spec.DefaultText("volumeMode", "Filesystem");
        spec.Object("hostPath")?.Default("type", "");
        spec.Object("iscsi")?.DefaultText("iscsiInterface", "default");
    }

    public static void Prepare(JsonObject item)
    {
        item["status"] = new JsonObject { ["phase"] = "Pending", ["lastPhaseTransitionTime"] = item.Object("metadata").String("creationTimestamp") };
        VolumeClaimRules.AddFinalizer(item, Finalizer);
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        foreach (var error in VolumeClaimRules.CheckModes(spec, "spec"))
        {
            yield return error;
        }

        if (spec.Object("capacity") is not { Count: > 0 } capacity)
        {
            yield return FieldError.Required("spec.capacity");
        }
        else if (FieldRules.Amount(capacity["storage"]) is not { Sign: > 0 })
        {
            yield return FieldError.NotSupported("spec.capacity", capacity.DeepClone(), ["storage"]);
        }

        foreach (var error in FieldRules.OneOf(spec, "persistentVolumeReclaimPolicy", "spec", "Delete", "Recycle", "Retain")
            .Concat(CheckSource(spec)).Concat(FieldRules.OneOf(spec, "volumeMode", "spec", "Block", "Filesystem")))
        {
            yield return error;
        }

        if (old is not null && !Source(spec).SameAs(Source(old.Object("spec") ?? [])))
        {
            yield return FieldError.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }

        if (old is not null)
        {
            foreach (var error in FieldRules.Unchanged(spec["volumeMode"], old.Object("spec")?["volumeMode"], "spec.volumeMode"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckSource(JsonObject spec)
    {
        var sources = spec.Select(field => field.Key).Where(name => !NotSources.Contains(name)).Order(StringComparer.Ordinal).ToList();
        if (sources.Count == 0)
        {
            yield return FieldError.Required("spec", "must specify a volume type");
        }

        foreach (var extra in sources.Skip(1))
        {
            yield return FieldError.Forbidden($"spec.{extra}", "may not specify more than 1 volume type");
        }

        if (spec.Object("local") is not null && spec.Object("nodeAffinity") is null)
        {
            yield return FieldError.Required("spec.nodeAffinity", "Local volume requires node affinity");
        }

        if (spec.Object("hostPath") is { } host && string.IsNullOrEmpty(host.String("path")))
        {
            yield return FieldError.Required("spec.hostPath.path");
        }
    }

    private static JsonObject Source(JsonObject spec) => new(spec.Where(field => !NotSources.Contains(field.Key)).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
}
