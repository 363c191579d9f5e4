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
        return VolumeClaimRules.CheckModes(spec, "spec").Concat(CheckCapacity(spec))
            .Concat(FieldRules.OneOf(spec, "persistentVolumeReclaimPolicy", "spec", "Delete", "Recycle", "Retain"))
            .Concat(CheckAffinity(spec)).Concat(PersistentSourceRules.Check(spec))
            .Concat(FieldRules.Named(spec, "storageClassName", "spec", Names.CheckSubdomain))
            .Concat(FieldRules.OneOf(spec, "volumeMode", "spec", "Block", "Filesystem"))
            .Concat(CheckAttributes(spec))
            .Concat(old is null ? [] : CheckUpdate(spec, old.Object("spec") ?? []));
    }

    private static IEnumerable<FieldError> CheckCapacity(JsonObject spec)
    {
        var capacity = spec.Object("capacity") ?? [];
        return (capacity.Count == 0 ? [FieldError.Required("spec.capacity")] : Array.Empty<FieldError>())
            .Concat(capacity["storage"] is null || capacity.Count > 1 ? [FieldError.NotSupported("spec.capacity", spec["capacity"]?.DeepClone(), ["storage"])] : [])
            .Concat(capacity.Where(pair => FieldRules.Amount(pair.Value) is { Sign: <= 0 }).OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => FieldError.Invalid($"spec.capacity[{pair.Key}]", FieldRules.Amount(pair.Value)!.Value.ToString(), "must be greater than zero")));
    }

    private static IEnumerable<FieldError> CheckAffinity(JsonObject spec) => spec.Object("nodeAffinity") is not { } affinity ? []
        : affinity.Object("required") is { } required ? AffinityRules.CheckNodeSelector(required, "spec.nodeAffinity.required")
        : [FieldError.Required("spec.nodeAffinity.required", "must specify required node constraints")];

    private static IEnumerable<FieldError> CheckAttributes(JsonObject spec) => spec.String("volumeAttributesClassName") is not { } name ? []
        : (name.Length == 0 ? [FieldError.Required("spec.volumeAttributesClassName", "an empty string is disallowed")] : FieldRules.Text(name, "spec.volumeAttributesClassName", Names.CheckSubdomain))
            .Concat(spec.Object("csi") is null ? [FieldError.Required("spec.csi", "has to be specified when using volumeAttributesClassName")] : []);

    private static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject before)
    {
        var (now, had) = (Source(spec), Source(before));
        if (had.Object("csi") is { } driver && driver["controllerExpandSecretRef"] is null)
        {
            now.Object("csi")?.Remove("controllerExpandSecretRef");
        }

        if (!now.SameAs(had))
        {
            yield return FieldError.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation\n" + GoTypes.GoDifference.Text("PersistentVolumeSource", had, now));
        }

        foreach (var error in FieldRules.Unchanged(spec["volumeMode"], before["volumeMode"], "volumeMode")
            .Concat(before["nodeAffinity"] is null ? [] : FieldRules.Unchanged(spec["nodeAffinity"], before["nodeAffinity"], "nodeAffinity", FieldRules.Immutable + ", except for updating from beta label to GA")))
        {
            yield return error;
        }

        if (before["volumeAttributesClassName"] is not null && spec["volumeAttributesClassName"] is null)
        {
            yield return FieldError.Forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
        }
    }

    private static JsonObject Source(JsonObject spec) => new(spec.Where(field => !NotSources.Contains(field.Key)).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
}
