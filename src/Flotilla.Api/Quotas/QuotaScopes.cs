using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Selectors;

namespace Flotilla.Api.Quotas;

/// <summary>A quota may be about only some of the objects: its scopes, all of which must hold.</summary>
public static class QuotaScopes
{
    public static bool Match(JsonObject quota, string groupResource, JsonObject item)
    {
        var spec = quota.Object("spec");
        var requirements = (spec.Array("scopes")?.Select(node => node.AsString() ?? "") ?? [])
            .Select(name => new JsonObject { ["scopeName"] = name, ["operator"] = "Exists" })
            .Concat(spec.Object("scopeSelector").Objects("matchExpressions"));
        return requirements.All(requirement => Holds(requirement, groupResource, item));
    }

    private static bool Holds(JsonObject requirement, string groupResource, JsonObject item)
    {
        var spec = item.Object("spec");
        return (groupResource, requirement.String("scopeName")) switch
        {
            ("pods", "Terminating") => spec.Integer("activeDeadlineSeconds") is >= 0,
            ("pods", "NotTerminating") => spec.Integer("activeDeadlineSeconds") is null or < 0,
            ("pods", "BestEffort") => IsBestEffort(spec),
            ("pods", "NotBestEffort") => !IsBestEffort(spec),
            ("pods", "PriorityClass") => Selects(requirement, spec.String("priorityClassName")),
            ("pods", "CrossNamespacePodAffinity") => Terms(spec).Any(term => term.Array("namespaces") is { Count: > 0 } || term.Object("namespaceSelector") is not null),
            ("persistentvolumeclaims", "VolumeAttributesClass") => Selects(requirement, spec.String("volumeAttributesClassName")) || Selects(requirement, item.Object("status").String("currentVolumeAttributesClassName")),
            _ => false,
        };
    }

    private static bool IsBestEffort(JsonObject? spec) => Kinds.Core.PodRules.QualityOf(spec) == "BestEffort";

    private static bool Selects(JsonObject requirement, string? name)
    {
        var values = requirement.Array("values")?.Select(node => node.AsString() ?? "").ToList() ?? [];
        var operation = requirement.String("operator") switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "DoesNotExist" => LabelOperator.DoesNotExist,
            _ => LabelOperator.Exists,
        };
        return new LabelRequirement("", operation, values).Matches(_ => string.IsNullOrEmpty(name) ? null : name);
    }

    private static IEnumerable<JsonObject> Terms(JsonObject? spec)
    {
        foreach (var affinity in new[] { spec.Object("affinity").Object("podAffinity"), spec.Object("affinity").Object("podAntiAffinity") })
        {
            foreach (var term in affinity.Objects("requiredDuringSchedulingIgnoredDuringExecution"))
            {
                yield return term;
            }

            foreach (var weighted in affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution"))
            {
                if (weighted.Object("podAffinityTerm") is { } term)
                {
                    yield return term;
                }
            }
        }
    }
}
