using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>A pod that may not be scheduled yet can still be told more closely where it should go.</summary>
internal static class GatedPodRules
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Terms = $"spec.affinity.nodeAffinity.{Required}.nodeSelectorTerms";

    public static IEnumerable<FieldError> Check(JsonObject spec, JsonObject before) => CheckSelector(spec.Object("nodeSelector"), before.Object("nodeSelector"))
        .Concat(CheckTerms(TermsOf(spec), TermsOf(before)));

    /// <summary>Node affinity is judged here; the affinity to other pods stays as it was.</summary>
    public static void MaskAffinity(JsonObject munged, JsonObject reference)
    {
        foreach (var spec in new[] { munged, reference })
        {
            var affinity = spec.Object("affinity");
            affinity?.Remove("nodeAffinity");
            if (affinity is { Count: 0 })
            {
                spec.Remove("affinity");
            }
        }
    }

    private static JsonArray TermsOf(JsonObject spec) => spec.Object("affinity").Object("nodeAffinity").Object(Required).Array("nodeSelectorTerms") ?? [];

    private static IEnumerable<FieldError> CheckSelector(JsonObject? now, JsonObject? had)
    {
        if ((had ?? []).Any(pair => now is null || !now[pair.Key].SameAs(pair.Value)))
        {
            yield return FieldError.Invalid("spec.nodeSelector", now?.DeepClone(), "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
        }
    }

    private static IEnumerable<FieldError> CheckTerms(JsonArray now, JsonArray had)
    {
        if (had.Count > 0 && had.Count != now.Count)
        {
            return [FieldError.Invalid(Terms, now.DeepClone(), "no additions/deletions to non-empty NodeSelectorTerms list are allowed")];
        }

        return had.Select((term, i) => (Old: term, New: now[i], Path: FieldRules.Indexed(Terms, i))).Where(pair => !OnlyAdds(pair.New, pair.Old))
            .Select(pair => FieldError.Invalid(pair.Path, pair.New?.DeepClone(), "only additions are allowed (no mutations or deletions)"));
    }

    private static bool OnlyAdds(JsonNode? now, JsonNode? had)
    {
        var (expressions, fields) = (had.Array("matchExpressions") ?? [], had.Array("matchFields") ?? []);
        return (expressions.Count > 0 || fields.Count > 0 || now.SameAs(had)) && Begins(now.Array("matchExpressions"), expressions) && Begins(now.Array("matchFields"), fields);
    }

    private static bool Begins(JsonArray? now, JsonArray had) => (now?.Count ?? 0) >= had.Count && had.Zip(now ?? []).All(pair => pair.First.SameAs(pair.Second));
}
