using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Claims to devices that a pod names for its containers.</summary>
internal static class PodClaimRules
{
    public static IReadOnlySet<string> NamesOf(JsonObject spec) =>
        spec.Objects("resourceClaims").Select(claim => claim.String("name") ?? "").Where(name => name.Length > 0).ToHashSet(StringComparer.Ordinal);

    public static IEnumerable<FieldError> Check(JsonObject spec, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(spec, "resourceClaims", path, (claim, at) => CheckClaim(claim, at, seen));
    }

    private static IEnumerable<FieldError> CheckClaim(JsonObject claim, string path, HashSet<string> seen)
    {
        var name = claim.String("name") ?? "";
        foreach (var error in name.Length == 0 ? [FieldError.Required($"{path}.name")]
            : seen.Add(name) ? FieldRules.Text(name, $"{path}.name", Names.CheckLabel) : [FieldError.Duplicate($"{path}.name", name)])
        {
            yield return error;
        }

        var (existing, template) = (claim.String("resourceClaimName"), claim.String("resourceClaimTemplateName"));
        if (existing is not null == template is not null)
        {
            var shown = new JsonObject { ["Name"] = name, ["ResourceClaimName"] = existing, ["ResourceClaimTemplateName"] = template };
            yield return FieldError.Invalid(path, shown, existing is null
                ? "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`" : "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
        }

        foreach (var field in new[] { "resourceClaimName", "resourceClaimTemplateName" })
        {
            foreach (var error in claim.String(field) is { } reference ? FieldRules.Text(reference, $"{path}.{field}", Names.CheckSubdomain) : [])
            {
                yield return error;
            }
        }
    }
}
