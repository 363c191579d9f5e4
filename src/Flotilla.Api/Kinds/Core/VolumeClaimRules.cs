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
        return CheckSpec(spec, "spec").Concat(old is null ? [] : CheckUpdate(spec, old.Object("spec") ?? [], old));
    }

    public static IEnumerable<FieldError> CheckSpec(JsonObject spec, string path)
    {
        foreach (var error in CheckModes(spec, path).Concat(FieldRules.Selector(spec.Object("selector"), $"{path}.selector")))
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

        foreach (var error in FieldRules.OneOf(spec, "volumeMode", path, "Block", "Filesystem"))
        {
            yield return error;
        }
    }

    public static IEnumerable<FieldError> CheckModes(JsonObject spec, string path)
    {
        var modes = (spec.Array("accessModes") ?? []).Select(mode => mode.AsString() ?? "").ToList();
        if (modes.Count == 0)
        {
            yield return FieldError.Required($"{path}.accessModes", "at least 1 access mode is required");
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

    private static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject oldSpec, JsonObject old)
    {
        // Binding may still happen, and a bound claim may grow.
        var (now, before) = (spec.Copy(), oldSpec.Copy());
        if (string.IsNullOrEmpty(before.String("volumeName")))
        {
            Take(before, now, "volumeName");
        }

        if (before["storageClassName"] is null)
        {
            now.Remove("storageClassName");
        }

        Take(now, before, "volumeAttributesClassName");
        var (size, oldSize) = (FieldRules.Amount(now.Object("resources").Object("requests")?["storage"]), FieldRules.Amount(before.Object("resources").Object("requests")?["storage"]));
        var bound = old.Object("status").String("phase") == "Bound";
        if (bound && now.Object("resources").Object("requests") is { } requests)
        {
            Take(requests, before.Object("resources").Object("requests") ?? [], "storage");
        }

        if (!now.SameAs(before))
        {
            yield return FieldError.Forbidden("spec", Immutable + "\n" + GoDifference.Text("PersistentVolumeClaimSpec", before, now));
        }

        if (bound && size is { } wanted && oldSize is { } had && wanted < had)
        {
            yield return FieldError.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }
    }

    private static void Take(JsonObject target, JsonObject source, string field)
    {
        target.Remove(field);
        if (source[field] is { } value)
        {
            target[field] = value.DeepClone();
        }
    }
}
