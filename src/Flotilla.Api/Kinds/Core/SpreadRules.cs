using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>How pods spread over the parts of a cluster.</summary>
internal static class SpreadRules
{
    private const string NotPositive = "must be greater than zero";
    private const string InBoth = "exists in both matchLabelKeys and labelSelector";

    public static IEnumerable<FieldError> Check(JsonObject spec, string path)
    {
        var all = spec.Objects("topologySpreadConstraints").ToList();
        return all.SelectMany((constraint, i) => CheckOne(constraint, FieldRules.Indexed($"{path}.topologySpreadConstraints", i), all.Skip(i + 1)));
    }

    private static IEnumerable<FieldError> CheckOne(JsonObject constraint, string path, IEnumerable<JsonObject> others)
    {
        var (key, action) = (constraint.String("topologyKey") ?? "", constraint.String("whenUnsatisfiable") ?? "");
        if (constraint.Integer("maxSkew") is not > 0)
        {
            yield return FieldError.Invalid($"{path}.maxSkew", constraint.Integer("maxSkew") ?? 0, NotPositive);
        }

        foreach (var error in FieldRules.Required(constraint, "topologyKey", path, "can not be empty"))
        {
            yield return error;
        }

        if (action is not ("DoNotSchedule" or "ScheduleAnyway"))
        {
            yield return FieldError.NotSupported($"{path}.whenUnsatisfiable", action, ["DoNotSchedule", "ScheduleAnyway"]);
        }

        if (others.Any(other => (other.String("topologyKey") ?? "") == key && (other.String("whenUnsatisfiable") ?? "") == action))
        {
            yield return FieldError.Duplicate($"{path}.{{topologyKey, whenUnsatisfiable}}", $"{{{key}, {action}}}");
        }

        foreach (var error in CheckDomains(constraint, action, $"{path}.minDomains")
            .Concat(FieldRules.OneOf(constraint, "nodeAffinityPolicy", path, "Honor", "Ignore")).Concat(FieldRules.OneOf(constraint, "nodeTaintsPolicy", path, "Honor", "Ignore"))
            .Concat(CheckKeys(constraint, path).Ratcheted(Ratchet.SpreadKeys))
            .Concat(FieldRules.Selector(constraint.Object("labelSelector"), $"{path}.labelSelector").Ratcheted(Ratchet.SpreadSelectors)))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckDomains(JsonObject constraint, string action, string path)
    {
        if (constraint.Integer("minDomains") is not { } least)
        {
            yield break;
        }

        if (least <= 0)
        {
            yield return FieldError.Invalid(path, least, NotPositive);
        }

        if (action != "DoNotSchedule")
        {
            yield return FieldError.Invalid(path, least, $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        }
    }

    private static IEnumerable<FieldError> CheckKeys(JsonObject constraint, string path)
    {
        if (constraint.Array("matchLabelKeys") is not { Count: > 0 })
        {
            return [];
        }

        var selector = constraint.Object("labelSelector");
        var selected = (selector.Object("matchLabels") ?? []).Select(pair => pair.Key).Concat(selector.Objects("matchExpressions").Select(expression => expression.String("key"))).ToHashSet();
        return (selector is null ? [FieldError.Forbidden($"{path}.matchLabelKeys", "must not be specified when labelSelector is not set")] : Array.Empty<FieldError>())
            .Concat(FieldRules.EachText(constraint, "matchLabelKeys", path, (key, at) =>
                FieldRules.Text(key, at, Names.CheckLabelKey).Concat(selected.Contains(key) ? [FieldError.Invalid(at, key, InBoth)] : [])));
    }
}
