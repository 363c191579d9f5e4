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
            return CheckWeight(preferred, at).Concat(CheckNodeTerm(preferred.Object("preference"), $"{at}.preference"));
        }));
        return errors.Concat(CheckPods(affinity.Object("podAffinity"), $"{path}.podAffinity")).Concat(CheckPods(affinity.Object("podAntiAffinity"), $"{path}.podAntiAffinity"));
    }

    private static IEnumerable<FieldError> CheckNodeSelector(JsonObject selector, string path) =>
        selector.Array("nodeSelectorTerms") is not { Count: > 0 }
            ? [FieldError.Required($"{path}.nodeSelectorTerms", "must have at least one node selector term")]
            : selector.Objects("nodeSelectorTerms").SelectMany((term, i) => CheckNodeTerm(term, FieldRules.Indexed($"{path}.nodeSelectorTerms", i)));

    private static IEnumerable<FieldError> CheckNodeTerm(JsonObject? term, string path) =>
        term.Objects("matchExpressions").SelectMany((expression, i) => CheckExpression(expression, FieldRules.Indexed($"{path}.matchExpressions", i)));

    private static IEnumerable<FieldError> CheckExpression(JsonObject expression, string path)
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

        if (string.IsNullOrEmpty(term.String("topologyKey")))
        {
            yield return FieldError.Required($"{path}.topologyKey", "can not be empty");
        }
        else if (Names.CheckLabelKey(term.String("topologyKey")!) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.topologyKey", term.String("topologyKey")!, wrong);
        }
    }

    private static IEnumerable<FieldError> CheckWeight(JsonObject preferred, string path)
    {
        if (preferred.Integer("weight") is not (>= 1 and <= 100))
        {
            yield return FieldError.Invalid($"{path}.weight", preferred.Integer("weight") ?? 0, "must be in the range 1-100");
        }
    }
}
