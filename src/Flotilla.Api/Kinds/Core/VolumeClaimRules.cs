using System.Text.Json.Nodes;
using Flotilla.Api.GoTypes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class VolumeClaimRules
{
    private const string Immutable = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    private const string Finalizer = "kubernetes.io/pvc-protection";
    private static readonly string[] Modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    public static readonly IReadOnlyList<Column> Columns =
    [
        Cells.Name,
        new("Status", (item, _) => item.Object("metadata").String("deletionTimestamp") is null ? item.Object("status").String("phase") ?? "" : "Terminating"),
        Cells.Text("Volume", "spec.volumeName"),
        new("Capacity", (item, _) => IsBound(item) ? item.Object("status").Object("capacity").String("storage") ?? "" : ""),
        new("Access Modes", (item, _) => IsBound(item) ? AccessModes(item.Object("status")) : ""),
        new("StorageClass", (item, _) => item.Object("spec").String("storageClassName") ?? item.Object("metadata").Object("annotations").String("volume.beta.kubernetes.io/storage-class") ?? ""),
        Cells.Text("VolumeAttributesClass", "spec.volumeAttributesClassName", absent: "<unset>"),
        Cells.Age,
        Cells.Text("VolumeMode", "spec.volumeMode", 1, "<unset>"),
    ];

    public static void Default(JsonObject item) => PodDefaults.ApplyClaim(item);

    public static void Prepare(JsonObject item)
    {
        item["status"] = new JsonObject { ["phase"] = "Pending" };
        AddFinalizer(item, Finalizer);
    }

    /// <summary>A volume or claim in use survives its deletion until nobody needs it.</summary>
    public static void AddFinalizer(JsonObject item, string finalizer)
    {
        var metadata = item.Child("metadata");
        var finalizers = metadata.Array("finalizers") ?? [];
        if (!finalizers.Any(existing => existing.AsString() == finalizer))
        {
            finalizers.Add(finalizer);
            metadata["finalizers"] = finalizers.DeepClone();
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return CheckSpec(spec, "spec").Concat(old is null ? [] : CheckUpdate(item, old));
    }

    public static IEnumerable<FieldError> CheckSpec(JsonObject spec, string path)
    {
        var modes = CheckModes(spec, path, "at least 1 access mode is required").ToList();
        foreach (var error in modes.Where(error => error.Type == "FieldValueRequired").Concat(FieldRules.Selector(spec.Object("selector"), $"{path}.selector")).Concat(modes.Where(error => error.Type != "FieldValueRequired")))
        {
            yield return error;
        }

        if (spec.Object("resources").Object("requests")?["storage"] is not { } storage)
        {
            yield return FieldError.Required($"{path}.resources[storage]");
        }
        else if (FieldRules.Amount(storage) is { Sign: <= 0 } amount)
        {
            yield return FieldError.Invalid($"{path}.resources[storage]", amount.ToString(), "must be greater than zero");
        }

        if (spec.String("storageClassName") is { Length: > 0 } name && Names.CheckSubdomain(name) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.storageClassName", name, wrong);
        }

        foreach (var error in FieldRules.OneOf(spec, "volumeMode", path, "Block", "Filesystem").Concat(DataSourceRules.Check(spec, path))
            .Concat(FieldRules.Named(spec, "volumeAttributesClassName", path, Names.CheckSubdomain)))
        {
            yield return error;
        }
    }

    public static IEnumerable<FieldError> CheckModes(JsonObject spec, string path, string required = "")
    {
        var modes = (spec.Array("accessModes") ?? []).Select(mode => mode.AsString() ?? "").ToList();
        if (modes.Count == 0)
        {
            yield return FieldError.Required($"{path}.accessModes", required);
        }

        foreach (var mode in modes.Where(mode => !Modes.Contains(mode)))
        {
            yield return FieldError.NotSupported($"{path}.accessModes", mode, Modes);
        }

        if (modes.Count > 1 && modes.Contains("ReadWriteOncePod"))
        {
            yield return FieldError.Forbidden($"{path}.accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    /// <summary>Short names of access modes: RWO,ROX,RWX,RWOP.</summary>
    public static string AccessModes(JsonObject? owner)
    {
        var modes = (owner.Array("accessModes") ?? []).Select(mode => mode.AsString()).ToList();
        var names = new[] { ("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP") };
        return string.Join(",", names.Where(pair => modes.Contains(pair.Item1)).Select(pair => pair.Item2));
    }

    private static bool IsBound(JsonObject item) => item.Object("spec").String("volumeName") is { Length: > 0 };

    private static IEnumerable<FieldError> CheckUpdate(JsonObject item, JsonObject old)
    {
        // Binding may still happen, and a bound claim may grow.
        var (now, before) = (item.Object("spec")?.Copy() ?? [], old.Object("spec")?.Copy() ?? []);
        var isBound = item.Object("status").String("phase") == "Bound";
        if (string.IsNullOrEmpty(before.String("volumeName")))
        {
            before["volumeName"] = now["volumeName"]?.DeepClone();
        }

        if (before["storageClassName"] is null)
        {
            now.Remove("storageClassName");
        }

        var (size, oldSize) = (Storage(now), Storage(before));
        if (isBound && now.Object("resources").Object("requests") is { } requests)
        {
            requests["storage"] = oldSize?.ToString();
            before.Child("resources").Child("requests")["storage"] = oldSize?.ToString();
        }

        if (isBound && now["volumeAttributesClassName"] is not null)
        {
            now["volumeAttributesClassName"] = before["volumeAttributesClassName"]?.DeepClone();
        }

        if (!Without(now).SameAs(Without(before)))
        {
            yield return FieldError.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n" + GoTypes.GoDifference.Text("PersistentVolumeClaimSpec", before, now));
        }

        if (size is { } wanted && oldSize is { } had && wanted < had && wanted.CompareTo(FieldRules.Amount(old.Object("status").Object("capacity")?["storage"]) ?? Quantities.Quantity.Zero) <= 0)
        {
            yield return FieldError.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }

        foreach (var error in FieldRules.Unchanged(now["volumeMode"], before["volumeMode"], "volumeMode").Concat(CheckAttributes(item.Object("spec"), old.Object("spec"))))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckAttributes(JsonObject? spec, JsonObject? before)
    {
        const string Path = "spec.volumeAttributesClassName";
        return (before.String("volumeAttributesClassName"), spec.String("volumeAttributesClassName")) switch
        {
            (not null, null) => [FieldError.Forbidden(Path, "update from non-nil value to nil is forbidden")],
            ({ Length: > 0 }, "") => [FieldError.Forbidden(Path, "update from non-nil value to an empty string is forbidden")],
            _ => [],
        };
    }

    private static Quantities.Quantity? Storage(JsonObject spec) => FieldRules.Amount(spec.Object("resources").Object("requests")?["storage"]);

    // Absent and null are the same to a comparison.
    private static JsonObject Without(JsonObject spec)
    {
        var copy = spec.Copy();
        foreach (var field in copy.Where(pair => pair.Value is null).Select(pair => pair.Key).ToArray())
        {
            copy.Remove(field);
        }

        return copy;
    }
}
