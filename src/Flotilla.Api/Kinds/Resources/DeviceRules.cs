using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>One device of a slice: what it is like, how much of what it has, what it takes of shared counters, where it is.</summary>
internal static partial class DeviceRules
{
    private const int MostAttributes = 32;
    private const int MostValues = 48;
    private const int LongestValue = 64;
    private const int MostTaints = 16;
    private const int MostCounterSets = 2;
    private const int MostCounters = 32;
    private const int MostConditions = 4;
    private static readonly string[] Values = ["bool", "int", "string", "version", "bools", "ints", "strings", "versions"];
    private static readonly string[] Places = ["nodeName", "nodeSelector", "allNodes"];
    private const string OnePlace = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";

    public static IEnumerable<FieldError> Check(JsonObject device, string path, bool perDevice) =>
        FieldRules.RequiredName(device, "name", path, Names.CheckLabel)
            .Concat(CheckSize(device, path))
            .Concat(DeviceLists.Map(device, "attributes", path, int.MaxValue, QualifiedNames.Check, (value, at) => CheckAttribute(value as JsonObject ?? [], at)))
            .Concat(DeviceLists.Map(device, "capacity", path, int.MaxValue, QualifiedNames.Check, (value, at) => CapacityRules.Check(value as JsonObject ?? [], at, device.Boolean("allowMultipleAllocations") == true)))
            .Concat(DeviceLists.Each(device, "taints", path, MostTaints, DeviceTaintRules.CheckTaint))
            .Concat(DeviceLists.Set(device, "consumesCounters", path, MostCounterSets, "counterSet", (set, at) =>
                FieldRules.RequiredName(set, "counterSet", at, Names.CheckLabel).Concat(CheckCounters(set, at))))
            .Concat(CheckPlace(device, path, perDevice))
            .Concat(CheckBinding(device, path));

    public static IEnumerable<FieldError> CheckCounters(JsonObject owner, string path) => owner.Object("counters") is not { Count: > 0 }
        ? [FieldError.Required($"{path}.counters")]
        : DeviceLists.Map(owner, "counters", path, MostCounters, (name, at) => FieldRules.Text(name, at, Names.CheckLabel), (_, _) => []);

    public static IEnumerable<FieldError> CheckBinding(JsonObject owner, string path)
    {
        var (wanted, failing) = (Texts(owner, "bindingConditions"), Texts(owner, "bindingFailureConditions"));
        return DeviceLists.Texts(owner, "bindingConditions", path, MostConditions, (name, at) => FieldRules.Text(name, at, Names.CheckLabelKey))
            .Concat(DeviceLists.Texts(owner, "bindingFailureConditions", path, MostConditions, (name, at) => FieldRules.Text(name, at, Names.CheckLabelKey)
                .Concat(wanted.Contains(name) ? [FieldError.Invalid(at, name, "bindingFailureConditions must not overlap with bindingConditions")] : [])))
            .Concat(wanted.Count == 0 && failing.Count > 0 ? [FieldError.Invalid($"{path}.bindingConditions", (JsonNode?)null, "bindingConditions are required to use bindingFailureConditions")] : [])
            .Concat(failing.Count == 0 && wanted.Count > 0 ? [FieldError.Invalid($"{path}.bindingFailureConditions", (JsonNode?)null, "bindingFailureConditions are required to use bindingConditions")] : []);
    }

    private static IEnumerable<FieldError> CheckSize(JsonObject device, string path)
    {
        var attributes = device.Object("attributes") ?? [];
        var named = attributes.Count + (device.Object("capacity")?.Count ?? 0);
        if (named > MostAttributes)
        {
            yield return FieldError.Invalid(path, named, $"the total number of attributes and capacities must not exceed {MostAttributes}");
        }

        var values = attributes.Sum(pair => Math.Max(1, (pair.Value as JsonObject ?? []).Sum(value => (value.Value as JsonArray)?.Count ?? 0)));
        if (values > MostValues)
        {
            yield return FieldError.Invalid(path, values, $"the total number of attribute values must not exceed {MostValues}");
        }
    }

    private static IEnumerable<FieldError> CheckAttribute(JsonObject attribute, string path)
    {
        var given = Values.Count(name => attribute[name] is not null);
        return CheckText(attribute.String("string"), $"{path}.string")
            .Concat(CheckVersion(attribute.String("version"), $"{path}.version"))
            .Concat(Values[4..].Where(name => attribute.Array(name) is { Count: 0 }).Select(name => FieldError.Invalid($"{path}.{name}", new JsonArray(), "must not be empty if specified")))
            .Concat(FieldRules.EachText(attribute, "strings", path, CheckText))
            .Concat(FieldRules.EachText(attribute, "versions", path, CheckVersion))
            .Concat(given == 1 ? [] : [given == 0 ? FieldError.Invalid(path, "", "exactly one value must be specified") : FieldError.Invalid(path, attribute.DeepClone(), "exactly one value must be specified")]);
    }

    private static IEnumerable<FieldError> CheckText(string? text, string path) => text is { Length: > LongestValue } ? [FieldError.TooLong(path, LongestValue)] : [];

    private static IEnumerable<FieldError> CheckVersion(string? text, string path) => text is null ? []
        : (SemanticVersion().IsMatch(text) ? Array.Empty<FieldError>() : [FieldError.Invalid(path, text, "must be a string compatible with semver.org spec 2.0.0")]).Concat(CheckText(text, path));

    private static IEnumerable<FieldError> CheckPlace(JsonObject device, string path, bool perDevice)
    {
        if (!perDevice)
        {
            return Places.Any(place => device[place] is not null)
                ? [FieldError.Invalid(path, (JsonNode?)null, "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec")]
                : [];
        }

        var given = Places.Where(place => device.Object(place) is not null || device.Boolean(place) == true || device.String(place) is { Length: > 0 }).Select(place => $"`{place}`").ToList();
        return FieldRules.Named(device, "nodeName", path, Names.CheckSubdomain)
            .Concat(device.Object("nodeSelector") is { } selector ? AffinityRules.CheckNodeSelector(selector, $"{path}.nodeSelector") : [])
            .Concat(device.Boolean("allNodes") == false ? [FieldError.Invalid($"{path}.allNodes", false, "must be either unset or set to true")] : [])
            .Concat(given.Count switch { 0 => [FieldError.Required(path, OnePlace)], 1 => [], _ => [FieldError.Invalid(path, $"{{{string.Join(", ", given)}}}", OnePlace)] });
    }

    private static HashSet<string> Texts(JsonObject owner, string list) => (owner.Array(list) ?? []).Select(node => node.AsString() ?? "").ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex(
        @"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SemanticVersion();
}
