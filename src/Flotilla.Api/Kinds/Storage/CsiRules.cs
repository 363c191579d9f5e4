using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Storage;

/// <summary>Drivers of storage: what they are, where they run, how much room they have.</summary>
internal static class CsiRules
{
    public static void DefaultDriver(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.Default("attachRequired", true);
        foreach (var flag in new[] { "podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount" })
        {
            spec.Default(flag, false);
        }

        spec.DefaultText("fsGroupPolicy", "ReadWriteOnceWithFSType");
        if (spec.Array("volumeLifecycleModes") is not { Count: > 0 })
        {
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
        }
    }

    public static IEnumerable<FieldError> CheckDriver(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = StorageSourceRules.DriverName(item.Object("metadata").String("name"), "metadata.name")
            .Concat(FieldRules.OneOf(spec, "fsGroupPolicy", "spec", "File", "None", "ReadWriteOnceWithFSType"))
            .Concat(CheckTokens(spec))
            .Concat((spec.Array("volumeLifecycleModes") ?? []).Select(mode => mode.AsString() ?? "").Where(mode => mode is not ("Persistent" or "Ephemeral"))
                .Select(mode => FieldError.NotSupported("spec.volumeLifecycleModes", mode, ["Ephemeral", "Persistent"])))
            .Concat(spec.Integer("nodeAllocatableUpdatePeriodSeconds") is < 10 and var seconds ? [FieldError.Invalid("spec.nodeAllocatableUpdatePeriodSeconds", seconds, "must be greater than or equal to 10 seconds")] : []);
        return old is null ? errors : errors.Concat(FieldRules.Unchanged(spec?["attachRequired"], old.Object("spec")?["attachRequired"], "spec.attachedRequired"))
            .Concat(FieldRules.Unchanged(spec?["fsGroupPolicy"], old.Object("spec")?["fsGroupPolicy"], "spec.fsGroupPolicy"))
            .Concat(FieldRules.Unchanged(spec?["volumeLifecycleModes"], old.Object("spec")?["volumeLifecycleModes"], "spec.volumeLifecycleModes"));
    }

    public static IEnumerable<FieldError> CheckNode(JsonObject item, JsonObject? old)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var before = old.Object("spec").Objects("drivers").ToDictionary(driver => driver.String("name") ?? "");
        return FieldRules.Each(item.Object("spec"), "drivers", "spec", (driver, at) => CheckOnNode(driver, at, names)
            .Concat(before.GetValueOrDefault(driver.String("name") ?? "") is { } had && !driver.SameAs(had) && IsChanged(driver, had)
                ? [FieldError.Invalid("spec.drivers", driver.DeepClone(), FieldRules.Immutable)] : []));
    }

    public static IEnumerable<FieldError> CheckCapacity(JsonObject item, JsonObject? old)
    {
        var errors = FieldRules.RequiredName(item, "storageClassName", "", Names.CheckSubdomain)
            .Concat(FieldRules.Selector(item.Object("nodeTopology"), "nodeTopology"))
            .Concat(FieldRules.NonNegativeAmount(item["capacity"], "capacity")).Concat(FieldRules.NonNegativeAmount(item["maximumVolumeSize"], "maximumVolumeSize"));
        return old is null ? errors
            : errors.Concat(FieldRules.Unchanged(item["nodeTopology"], old["nodeTopology"], "nodeTopology")).Concat(FieldRules.Unchanged(item["storageClassName"], old["storageClassName"], "storageClassName"));
    }

    // How many volumes a node can hold may be learnt again; the rest of its entry stays.
    private static bool IsChanged(JsonObject driver, JsonObject had)
    {
        var (now, before) = (driver.Copy(), had.Copy());
        now.Remove("allocatable");
        before.Remove("allocatable");
        return !now.SameAs(before);
    }

    private static IEnumerable<FieldError> CheckTokens(JsonObject? spec)
    {
        var audiences = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(spec, "tokenRequests", "spec", (request, at) => audiences.Add(request.String("audience") ?? "")
            ? CheckExpiration(request, at) : [FieldError.Duplicate($"{at}.audience", request.String("audience") ?? "")]);
    }

    private static IEnumerable<FieldError> CheckExpiration(JsonObject request, string path) => request.Integer("expirationSeconds") switch
    {
        < 600 and var seconds => [FieldError.Invalid($"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")],
        > (1L << 32) and var seconds => [FieldError.Invalid($"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")],
        _ => [],
    };

    private static IEnumerable<FieldError> CheckOnNode(JsonObject driver, string path, HashSet<string> names)
    {
        var name = driver.String("name") ?? "";
        foreach (var error in StorageSourceRules.DriverName(name, $"{path}.name").Concat(FieldRules.Required(driver, "nodeID", path)))
        {
            yield return error;
        }

        if (driver.Object("allocatable").Integer("count") is < 0 and var count)
        {
            yield return FieldError.Invalid($"{path}.allocatable.count", count, "must be greater than or equal to 0");
        }

        if (!names.Add(name))
        {
            yield return FieldError.Duplicate($"{path}.name", name);
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var error in FieldRules.EachText(driver, "topologyKeys", path, (key, at) => key.Length == 0 ? [FieldError.Required($"{path}.topologyKeys")]
            : !keys.Add(key) ? [FieldError.Duplicate(path, key)] : FieldRules.Text(key, $"{path}.topologyKeys", Names.CheckLabelKey)))
        {
            yield return error;
        }
    }
}
