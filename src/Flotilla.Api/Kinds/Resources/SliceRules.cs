using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>The devices that a driver offers, of one pool, to one node or to many.</summary>
internal static class SliceRules
{
    private const int MostDevices = 128;
    private const int MostAdvancedDevices = 64;
    private const int MostCounterSets = 8;
    private const int LongestPool = 253;
    private static readonly string[] Places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];
    private static readonly string Choices = string.Join(", ", Places.Select(place => $"`{place}`"));

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var (spec, before) = (item.Object("spec") ?? [], old.Object("spec"));
        return StorageSourceRules.DriverName(spec.String("driver"), "spec.driver")
            .Concat(CheckPool(spec.Object("pool"), "spec.pool"))
            .Concat(before is null ? [] : CheckUnchanged(spec, before))
            .Concat(CheckPlace(spec))
            .Concat(spec.Array("sharedCounters") is not null && spec.Array("devices") is not null ? [FieldError.Invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed")] : [])
            .Concat(DeviceLists.Set(spec, "devices", "spec", IsAdvanced(spec) ? MostAdvancedDevices : MostDevices, "name", (device, at) => DeviceRules.Check(device, at, spec.Boolean("perDeviceNodeSelection") == true)))
            .Concat(DeviceLists.Set(spec, "sharedCounters", "spec", MostCounterSets, "name", (set, at) =>
                FieldRules.RequiredName(set, "name", at, Names.CheckLabel).Concat(DeviceRules.CheckCounters(set, at))));
    }

    public static IEnumerable<FieldError> CheckPoolName(string? name, string path) => name is not { Length: > 0 }
        ? [FieldError.Required(path)]
        : (name.Length > LongestPool ? [FieldError.TooLong(path, LongestPool)] : Array.Empty<FieldError>())
            .Concat(name.Split('/').SelectMany(part => FieldRules.Text(part, path, Names.CheckSubdomain)));

    private static IEnumerable<FieldError> CheckPool(JsonObject? pool, string path) => CheckPoolName(pool.String("name"), $"{path}.name")
        .Concat(pool.Integer("resourceSliceCount") is > 0 ? [] : [FieldError.Invalid($"{path}.resourceSliceCount", pool.Integer("resourceSliceCount") ?? 0, "must be greater than zero")])
        .Concat(pool.Integer("generation") is < 0 ? [FieldError.Invalid($"{path}.generation", pool.Integer("generation"), "must be greater than or equal to zero")] : []);

    private static IEnumerable<FieldError> CheckUnchanged(JsonObject spec, JsonObject before) =>
        FieldRules.Unchanged(spec.Object("pool")?["name"], before.Object("pool")?["name"], "spec.pool.name")
            .Concat(FieldRules.Unchanged(spec["driver"], before["driver"], "spec.driver"))
            .Concat(FieldRules.Unchanged(spec["nodeName"], before["nodeName"], "spec.nodeName"));

    private static IEnumerable<FieldError> CheckPlace(JsonObject spec)
    {
        var given = Places.Where(place => spec.Object(place) is not null || spec.Boolean(place) == true || spec.String(place) is { Length: > 0 }).Select(place => $"`{place}`").ToList();
        return FieldRules.Named(spec, "nodeName", "spec", Names.CheckSubdomain)
            .Concat(spec.Object("nodeSelector") is { } selector ? CheckSelector(selector) : [])
            .Concat(Places[2..].Where(place => spec.Boolean(place) == false).Select(place => FieldError.Invalid($"spec.{place}", false, "must be either unset or set to true")))
            .Concat(given.Count switch
            {
                0 => [FieldError.Required("spec", $"exactly one of {Choices} is required")],
                1 => [],
                _ => [FieldError.Invalid("spec", $"{{{string.Join(", ", given)}}}", $"exactly one of {Choices} is required, but multiple fields are set")],
            });
    }

    // One term alone can be joined with the term of another slice.
    private static IEnumerable<FieldError> CheckSelector(JsonObject selector) => AffinityRules.CheckNodeSelector(selector, "spec.nodeSelector")
        .Concat(selector.Array("nodeSelectorTerms") is { Count: 1 } ? [] : [FieldError.Invalid("spec.nodeSelector.nodeSelectorTerms", selector["nodeSelectorTerms"]?.DeepClone(), "must have exactly one node selector term")]);

    private static bool IsAdvanced(JsonObject spec) => spec.Objects("devices").Any(device =>
        device.Array("taints") is { Count: > 0 } || device.Array("consumesCounters") is { Count: > 0 }
        || (device.Object("attributes") ?? []).Any(pair => pair.Value is JsonObject attribute && attribute.Any(value => value.Value is JsonArray)));
}
