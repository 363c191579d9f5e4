using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>What a claim asks for: devices of a class, or the first of some alternatives; what they must have in common; their configuration.</summary>
internal static class ClaimRules
{
    private const int MostRequests = 32;
    private const int MostAlternatives = 8;
    private const int MostConstraints = 32;
    private const int MostConfigurations = 32;
    private const string OneOf = "exactly one of `exactly` or `firstAvailable` is required";
    private const string Reference = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

    public static IEnumerable<FieldError> Check(JsonObject? spec, string path)
    {
        var (devices, at, names) = (spec.Object("devices"), $"{path}.devices", RequestNames(spec));
        return DeviceLists.Set(devices, "requests", at, MostRequests, "name", CheckRequest)
            .Concat(DeviceLists.Each(devices, "constraints", at, MostConstraints, (constraint, place) => CheckConstraint(constraint, place, names)))
            .Concat(DeviceLists.Each(devices, "config", at, MostConfigurations, (config, place) => References(config, place, names).Concat(DeviceConfigurationRules.Check(config, place))));
    }

    /// <summary>What names of requests, and of alternatives as <c>request/alternative</c>, a claim knows.</summary>
    public static IReadOnlySet<string> RequestNames(JsonObject? spec) => spec.Object("devices").Objects("requests")
        .SelectMany(request => request.Objects("firstAvailable").Select(alternative => $"{request.String("name")}/{alternative.String("name")}").Prepend(request.String("name") ?? ""))
        .ToHashSet(StringComparer.Ordinal);

    public static IEnumerable<FieldError> CheckReference(string name, string path, IReadOnlySet<string> names)
    {
        var parts = name.Split('/');
        return (parts.Length > 2 ? [] : parts.SelectMany(part => FieldRules.Text(part, path, Names.CheckLabel)))
            .Concat(parts.Length > 2 || !names.Contains(name) ? [FieldError.Invalid(path, name, Reference)] : []);
    }

    public static IEnumerable<FieldError> References(JsonObject owner, string path, IReadOnlySet<string> names) =>
        DeviceLists.Texts(owner, "requests", path, MostRequests, (name, at) => CheckReference(name, at, names));

    private static IEnumerable<FieldError> CheckRequest(JsonObject request, string path)
    {
        var errors = FieldRules.RequiredName(request, "name", path, Names.CheckLabel, "a name is required");
        var (exactly, alternatives) = (request.Object("exactly"), request.Array("firstAvailable"));
        return (exactly, alternatives) switch
        {
            (null, not { Count: > 0 }) => errors.Append(FieldError.Required(path, OneOf)),
            (not null, { Count: > 0 }) => errors.Append(FieldError.Invalid(path, (JsonNode?)null, $"{OneOf}, but multiple fields are set")),
            (not null, _) => errors.Concat(CheckDevices(exactly, $"{path}.exactly")),
            _ => errors.Concat(DeviceLists.Set(request, "firstAvailable", path, MostAlternatives, "name", (alternative, at) =>
                FieldRules.RequiredName(alternative, "name", at, Names.CheckLabel, "a name is required").Concat(CheckDevices(alternative, at)))),
        };
    }

    private static IEnumerable<FieldError> CheckDevices(JsonObject devices, string path) =>
        FieldRules.RequiredName(devices, "deviceClassName", path, Names.CheckSubdomain)
            .Concat(DeviceConfigurationRules.CheckSelectors(devices, path))
            .Concat(CheckCount(devices, path))
            .Concat(FieldRules.Each(devices, "tolerations", path, DeviceTaintRules.CheckToleration));

    private static IEnumerable<FieldError> CheckCount(JsonObject devices, string path)
    {
        var count = devices.Integer("count") ?? 0;
        return devices.String("allocationMode") switch
        {
            "All" => count == 0 ? [] : [FieldError.Invalid($"{path}.count", count, "must not be specified when allocationMode is 'All'")],
            "ExactCount" => count > 0 ? [] : [FieldError.Invalid($"{path}.count", count, "must be greater than zero")],
            var other => [FieldError.NotSupported($"{path}.allocationMode", other ?? "", ["All", "ExactCount"])],
        };
    }

    private static IEnumerable<FieldError> CheckConstraint(JsonObject constraint, string path, IReadOnlySet<string> names)
    {
        var errors = References(constraint, path, names);
        return constraint.String("matchAttribute") is { } match ? errors.Concat(QualifiedNames.CheckFull(match, $"{path}.matchAttribute"))
            : constraint.String("distinctAttribute") is { } distinct ? errors.Concat(QualifiedNames.CheckFull(distinct, $"{path}.distinctAttribute"))
            : errors.Append(FieldError.Required(path, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set"));
    }
}
