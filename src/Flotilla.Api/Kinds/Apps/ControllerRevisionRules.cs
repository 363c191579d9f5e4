using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

internal static class ControllerRevisionRules
{
    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        if (old is null && item["data"] is null)
        {
            yield return FieldError.Required("data", "data is mandatory");
        }

        foreach (var error in FieldRules.NonNegative(item, "revision", "").Select(error => error with { Field = "revision" }))
        {
            yield return error;
        }

        if (old is not null && !item["data"].SameAs(old["data"]))
        {
            yield return FieldError.Invalid("data", item["data"], FieldRules.Immutable);
        }
    }

    /// <summary>The owner, e.g. <c>daemonset.apps/agent</c>.</summary>
    public static string Controller(JsonObject item)
    {
        var owner = item.Object("metadata").Objects("ownerReferences").FirstOrDefault(reference => reference.Boolean("controller") == true);
        if (owner is null)
        {
            return Cells.None;
        }

        var version = owner.String("apiVersion") ?? "";
        var group = version.Contains('/', StringComparison.Ordinal) ? "." + version.Split('/')[0] : "";
        return $"{owner.String("kind")!.ToLowerInvariant()}{group}/{owner.String("name")}";
    }
}
