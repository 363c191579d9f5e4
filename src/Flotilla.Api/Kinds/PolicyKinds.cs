using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public static class PolicyKinds
{
    public static readonly Kind PodDisruptionBudget = new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", Scope.Namespaced)
    {
        ShortNames = ["pdb"],
        HasStatus = true,
        HasGeneration = true,
        NeedsVersionOnUpdate = true,
        Validate = Check,
        Parts = Counts("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"),
        Columns = [Cells.Name, Bound("Min Available", "minAvailable"), Bound("Max Unavailable", "maxUnavailable"), Cells.Number("Allowed Disruptions", "status.disruptionsAllowed"), Cells.Age],
    };

    public static IEnumerable<Kind> All => [PodDisruptionBudget];

    private static Column Bound(string name, string field) => new(name, (item, _) => item.Object("spec")?[field] is { } value ? value.AsString() ?? value.ToJsonString() : "N/A");

    private static Dictionary<string, PartialUpdate> Counts(params string[] counts) => new()
    {
        [Subresource.StatusName] = new((item, _) => counts.SelectMany(count => FieldRules.NonNegative(item.Object("status"), count, "status"))),
    };

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        var (minimum, maximum) = (spec["minAvailable"], spec["maxUnavailable"]);
        if (minimum is not null && maximum is not null)
        {
            yield return FieldError.Invalid("spec", Shown(spec), "minAvailable and maxUnavailable cannot be both set");
        }

        foreach (var error in FieldRules.CountOrPercent(minimum, "spec.minAvailable", limited: true).Concat(FieldRules.CountOrPercent(maximum, "spec.maxUnavailable", limited: true))
            .Concat(FieldRules.Selector(spec.Object("selector"), "spec.selector"))
            .Concat(FieldRules.OneOf(spec, "unhealthyPodEvictionPolicy", "spec", "AlwaysAllow", "IfHealthyBudget")))
        {
            yield return error;
        }
    }

    // The whole spec is shown with the field names of the internal structure.
    private static JsonObject Shown(JsonObject spec) => new()
    {
        ["MinAvailable"] = spec["minAvailable"]?.DeepClone(),
        ["Selector"] = spec["selector"]?.DeepClone(),
        ["MaxUnavailable"] = spec["maxUnavailable"]?.DeepClone(),
        ["UnhealthyPodEvictionPolicy"] = spec["unhealthyPodEvictionPolicy"]?.DeepClone(),
    };
}
