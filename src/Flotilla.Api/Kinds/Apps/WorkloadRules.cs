using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

/// <summary>What the workloads of group <c>apps</c> have in common.</summary>
internal static class WorkloadRules
{
    private const string EmptySelector = "empty selector is {0} for {1}";

    public static IEnumerable<FieldError> CheckSelector(JsonObject spec, string owner)
    {
        if (spec.Object("selector") is not { } selector)
        {
            yield return FieldError.Required("spec.selector");
            yield break;
        }

        foreach (var error in FieldRules.Selector(selector, "spec.selector"))
        {
            yield return error;
        }

        if (selector.Object("matchLabels") is not { Count: > 0 } && selector.Array("matchExpressions") is not { Count: > 0 })
        {
            yield return FieldError.Invalid("spec.selector", selector.DeepClone(), EmptySelector.Replace("{0}", owner == "statefulset" ? "not valid" : "invalid", StringComparison.Ordinal).Replace("{1}", owner, StringComparison.Ordinal));
        }
    }

    /// <summary>The template carries the labels that its owner looks for.</summary>
    public static IEnumerable<FieldError> CheckLabels(JsonObject spec, bool emptyMatches = true)
    {
        var selector = spec.Object("selector");
        var isEmpty = selector.Object("matchLabels") is not { Count: > 0 } && selector.Array("matchExpressions") is not { Count: > 0 };
        var matches = selector is not null && isEmpty ? emptyMatches
            : selector is not null && Selectors.LabelSelector.From(selector)?.Matches(spec.Object("template").Object("metadata").Object("labels")) == true;
        return PodTemplateRules.CheckSelected(spec, matches);
    }

    public static IEnumerable<FieldError> CheckTemplate(JsonObject spec, string owner) => CheckLabels(spec).Concat(PodTemplateRules.CheckLasting(spec, owner));

    public static IEnumerable<FieldError> SelectorUnchanged(JsonObject spec, JsonObject? old) =>
        old is null ? [] : FieldRules.Unchanged(spec["selector"], old.Object("spec")?["selector"], "spec.selector");
}
