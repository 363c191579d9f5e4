using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>What a claim asks for: devices of a class, or the first of some alternatives.</summary>
internal static class ClaimRules
{
    private const int MostRequests = 32;
    private const int MostAlternatives = 8;
    private const string OneOf = "exactly one of `exactly` or `firstAvailable` is required";

    public static IEnumerable<FieldError> Check(JsonObject? spec, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var devices = spec.Object("devices");
        return (devices.Array("requests") is { Count: > MostRequests } many ? [FieldError.TooMany($"{path}.devices.requests", many.Count, MostRequests)] : Array.Empty<FieldError>())
            .Concat(FieldRules.Each(devices, "requests", $"{path}.devices", (request, at) => CheckRequest(request, at)
                .Concat(request.String("name") is { Length: > 0 } name && !names.Add(name) ? [FieldError.Duplicate($"{at}.name", name)] : [])));
    }

    private static IEnumerable<FieldError> CheckRequest(JsonObject request, string path)
    {
        var errors = FieldRules.RequiredName(request, "name", path, Names.CheckLabel, "a name is required");
        var (exactly, alternatives) = (request.Object("exactly"), request.Array("firstAvailable"));
        return (exactly, alternatives) switch
        {
            (null, not { Count: > 0 }) => errors.Append(FieldError.Required(path, OneOf)),
            (not null, { Count: > 0 }) => errors.Append(FieldError.Invalid(path, (JsonNode?)null, $"{OneOf}, but multiple fields are set")),
            (not null, _) => errors.Concat(CheckDevices(exactly, $"{path}.exactly")),
            _ => errors.Concat(alternatives.Count > MostAlternatives ? [FieldError.TooMany($"{path}.firstAvailable", alternatives.Count, MostAlternatives)] : [])
                .Concat(FieldRules.Each(request, "firstAvailable", path, (alternative, at) =>
                    FieldRules.RequiredName(alternative, "name", at, Names.CheckLabel, "a name is required").Concat(CheckDevices(alternative, at)))),
        };
    }

    private static IEnumerable<FieldError> CheckDevices(JsonObject devices, string path)
    {
        var errors = FieldRules.RequiredName(devices, "deviceClassName", path, Names.CheckSubdomain);
        var count = devices.Integer("count") ?? 0;
        return devices.String("allocationMode") switch
        {
            "All" => count == 0 ? errors : errors.Append(FieldError.Invalid($"{path}.count", count, "must not be specified when allocationMode is 'All'")),
            "ExactCount" => count > 0 ? errors : errors.Append(FieldError.Invalid($"{path}.count", count, "must be greater than zero")),
            var other => errors.Append(FieldError.NotSupported($"{path}.allocationMode", other ?? "", ["All", "ExactCount"])),
        };
    }
}
