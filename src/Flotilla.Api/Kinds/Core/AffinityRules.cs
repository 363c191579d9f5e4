using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class AffinityRules
{
    private static readonly string[] Operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];

    public static IEnumerable<FieldError> Check(JsonObject? affinity, string path)
    {
        var node = affinity.Object("nodeAffinity");
        var errors = node.Object("requiredDuringSchedulingIgnoredDuringExecution") is { } required
            ? CheckNodeSelector(required, $"{path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
            : [];
        errors = errors.Concat(node.Objects("preferredDuringSchedulingIgnoredDuringExecution").SelectMany((preferred, i) =>
        {
            var at = FieldRules.Indexed($"{path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution", i);
            return CheckWeight(preferred, at).Concat(CheckNodeTerm(preferred.Object("preference"), $"{at}.preference", isRequired: false));
        }));
        return errors.Concat(CheckPods(affinity.Object("podAffinity"), $"{path}.podAffinity")).Concat(CheckPods(affinity.Object("podAntiAffinity"), $"{path}.podAntiAffinity"));
    }

    /// <summary>Terms of which one must fit a node.</summary>
    public static IEnumerable<FieldError> CheckNodeSelector(JsonObject selector, string path) =>
        selector.Array("nodeSelectorTerms") is not { Count: > 0 }
            ? [FieldError.Required($"{path}.nodeSelectorTerms", "must have at least one node selector term")]
            : selector.Objects("nodeSelectorTerms").SelectMany((term, i) => CheckNodeTerm(term, FieldRules.Indexed($"{path}.nodeSelectorTerms", i), isRequired: true));

    private static IEnumerable<FieldError> CheckNodeTerm(JsonObject? term, string path, bool isRequired) =>
        FieldRules.Each(term, "matchExpressions", path, (expression, at) => CheckExpression(expression, at, isRequired)).Concat(FieldRules.Each(term, "matchFields", path, CheckField));

    // Nodes have one field to select by: their name.
    private static IEnumerable<FieldError> CheckField(JsonObject field, string path)
    {
        if (field.String("operator") is not ("In" or "NotIn"))
        {
            yield return FieldError.Invalid($"{path}.operator", field.String("operator") ?? "", "not a valid selector operator");
        }
        else if (field.Array("values")?.Count != 1)
        {
            yield return FieldError.Required($"{path}.values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }

        foreach (var error in field.String("key") != "metadata.name" ? [FieldError.Invalid($"{path}.key", field.String("key") ?? "", "not a valid field selector key")]
            : FieldRules.EachText(field, "values", path, (value, at) => FieldRules.Text(value, at, Names.CheckSubdomain)))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckExpression(JsonObject expression, string path, bool isRequired)
    {
        var count = expression.Array("values")?.Count ?? 0;
        switch (expression.String("operator"))
        {
            case "In" or "NotIn" when count == 0:
                yield return FieldError.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when count > 0:
                yield return FieldError.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when count != 1:
                yield return FieldError.Required($"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case var other when !Operators.Contains(other):
                yield return FieldError.Invalid($"{path}.operator", other ?? "", "not a valid selector operator");
                break;
        }

        if (Names.CheckLabelKey(expression.String("key") ?? "") is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.key", expression.String("key") ?? "", wrong);
        }

        // A preference for a value that no node can have does no harm.
        foreach (var error in isRequired ? FieldRules.EachText(expression, "values", path, (value, at) => FieldRules.Text(value, at, Names.CheckLabelValue)).Ratcheted(Ratchet.NodeAffinityValues) : [])
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckPods(JsonObject? affinity, string path) =>
        affinity.Objects("requiredDuringSchedulingIgnoredDuringExecution").SelectMany((term, i) => CheckPodTerm(term, FieldRules.Indexed($"{path}.requiredDuringSchedulingIgnoredDuringExecution", i)))
            .Concat(affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution").SelectMany((preferred, i) =>
            {
                var at = FieldRules.Indexed($"{path}.preferredDuringSchedulingIgnoredDuringExecution", i);
                return CheckWeight(preferred, at).Concat(CheckPodTerm(preferred.Object("podAffinityTerm"), $"{at}.podAffinityTerm"));
            }));

    private static IEnumerable<FieldError> CheckPodTerm(JsonObject? term, string path)
    {
        foreach (var error in FieldRules.Selector(term.Object("labelSelector"), $"{path}.labelSelector").Concat(FieldRules.Selector(term.Object("namespaceSelector"), $"{path}.namespaceSelector")))
        {
            yield return error;
        }

        foreach (var error in FieldRules.EachText(term, "namespaces", "", (name, _) => FieldRules.Text(name, $"{path}.namespace", Names.CheckLabel)).Concat(CheckKeys(term, path))
            .Concat(FieldRules.Required(term, "topologyKey", path, "can not be empty")).Concat(FieldRules.Text(term.String("topologyKey") ?? "", $"{path}.topologyKey", Names.CheckLabelKey)))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckKeys(JsonObject? term, string path)
    {
        var differ = (term.Array("mismatchLabelKeys") ?? []).Select(key => key.AsString()).ToHashSet();
        return new[] { "matchLabelKeys", "mismatchLabelKeys" }.Where(field => term.Array(field) is { Count: > 0 })
            .SelectMany(field => term.Object("labelSelector") is null
                ? [FieldError.Forbidden($"{path}.{field}", "must not be specified when labelSelector is not set")]
                : FieldRules.EachText(term, field, path, (key, at) => FieldRules.Text(key, at, Names.CheckLabelKey)))
            .Concat(FieldRules.EachText(term, "matchLabelKeys", path, (key, at) => differ.Contains(key) ? [FieldError.Invalid(at, key, "exists in both matchLabelKeys and mismatchLabelKeys")] : []));
    }

    private static IEnumerable<FieldError> CheckWeight(JsonObject preferred, string path)
    {
        if (preferred.Integer("weight") is not (>= 1 and <= 100))
        {
            yield return FieldError.Invalid($"{path}.weight", preferred.Integer("weight") ?? 0, "must be in the range 1-100");
        }
    }
}
