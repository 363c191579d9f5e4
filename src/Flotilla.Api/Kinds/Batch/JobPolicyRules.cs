using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Batch;

/// <summary>When a job counts as failed or as done before all of its pods are.</summary>
internal static class JobPolicyRules
{
    private const int MostRules = 20;
    private const int MostCodes = 255;
    private const int MostPatterns = 20;
    private const string OneOf = "specifying one of OnExitCodes and OnPodConditions is required";
    private static readonly string[] Actions = ["Count", "FailIndex", "FailJob", "Ignore"];

    public static IEnumerable<FieldError> CheckFailure(JsonObject spec, string path)
    {
        if (spec.Object("podFailurePolicy") is not { } policy)
        {
            return [];
        }

        var names = spec.Object("template").Object("spec").Objects("containers").Concat(spec.Object("template").Object("spec").Objects("initContainers")).Select(container => container.String("name")).ToHashSet();
        var rules = policy.Array("rules");
        return (rules?.Count > MostRules ? [FieldError.TooMany($"{path}.podFailurePolicy.rules", rules.Count, MostRules)] : Array.Empty<FieldError>())
            .Concat(FieldRules.Each(policy, "rules", $"{path}.podFailurePolicy", (rule, at) => CheckRule(rule, at, spec, names)));
    }

    public static IEnumerable<FieldError> CheckSuccess(JsonObject spec, string path)
    {
        if (spec.Object("successPolicy") is not { } policy)
        {
            return [];
        }

        var at = $"{path}.successPolicy";
        if (spec.String("completionMode") != "Indexed")
        {
            return [FieldError.Invalid(at, policy.DeepClone(), "requires indexed completion mode")];
        }

        return policy.Array("rules") is not { Count: > 0 } rules ? [FieldError.Required($"{at}.rules", "at least one rules must be specified when the successPolicy is specified")]
            : (rules.Count > MostRules ? [FieldError.TooMany($"{at}.rules", rules.Count, MostRules)] : Array.Empty<FieldError>())
                .Concat(FieldRules.Each(policy, "rules", at, (rule, place) => rule["succeededCount"] is null && rule["succeededIndexes"] is null
                    ? [FieldError.Required(place, "at least one of succeededCount or succeededIndexes must be specified")] : CheckCount(rule, place, spec)));
    }

    private static IEnumerable<FieldError> CheckCount(JsonObject rule, string path, JsonObject spec)
    {
        foreach (var error in FieldRules.NonNegative(rule, "succeededCount", path))
        {
            yield return error;
        }

        var (count, completions, indexes) = (rule.Integer("succeededCount"), spec.Integer("completions") ?? 0, rule.String("succeededIndexes"));
        var problem = indexes is null ? null : JobIndexRules.Wrong(indexes, completions);
        if (problem is not null)
        {
            yield return FieldError.Invalid($"{path}.succeededIndexes", indexes!, $"error parsing succeededIndexes: {problem}");
        }

        if (count > completions)
        {
            yield return FieldError.Invalid($"{path}.succeededCount", count, $"must be less than or equal to {completions} (the number of specified completions)");
        }

        if (indexes is not null && problem is null && JobIndexRules.Count(indexes) is var listed && count > listed)
        {
            yield return FieldError.Invalid($"{path}.succeededCount", count, $"must be less than or equal to {listed} (the number of indexes in the specified succeededIndexes field)");
        }
    }

    private static IEnumerable<FieldError> CheckRule(JsonObject rule, string path, JsonObject spec, HashSet<string?> names)
    {
        var (action, codes) = (rule.String("action") ?? "", rule.Object("onExitCodes"));
        if (action.Length == 0)
        {
            yield return FieldError.Required($"{path}.action", "valid values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"");
        }
        else if (!Actions.Contains(action))
        {
            yield return FieldError.NotSupported($"{path}.action", action, Actions);
        }
        else if (action == "FailIndex" && spec["backoffLimitPerIndex"] is null)
        {
            yield return FieldError.Invalid($"{path}.action", action, "requires the backoffLimitPerIndex to be set");
        }

        foreach (var error in codes is null ? [] : CheckCodes(codes, $"{path}.onExitCodes", names))
        {
            yield return error;
        }

        foreach (var error in CheckPatterns(rule, path))
        {
            yield return error;
        }

        var conditions = rule.Array("onPodConditions") is { Count: > 0 };
        if (codes is not null && conditions)
        {
            yield return FieldError.Invalid(path, "", "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        else if (codes is null && !conditions)
        {
            yield return FieldError.Invalid(path, "", OneOf);
        }
    }

    private static IEnumerable<FieldError> CheckPatterns(JsonObject rule, string path) =>
        (rule.Array("onPodConditions") is { Count: > MostPatterns } many ? [FieldError.TooMany($"{path}.onPodConditions", many.Count, MostPatterns)] : Array.Empty<FieldError>())
            .Concat(FieldRules.Each(rule, "onPodConditions", path, (pattern, at) => FieldRules.Text(pattern.String("type") ?? "", $"{at}.type", Names.CheckLabelKey)
                .Concat(FieldRules.RequiredOneOf(pattern, "status", at, "False", "True", "Unknown"))));

    private static IEnumerable<FieldError> CheckCodes(JsonObject codes, string path, HashSet<string?> names)
    {
        var (operation, values) = (codes.String("operator") ?? "", codes.Array("values") ?? []);
        if (operation.Length == 0)
        {
            yield return FieldError.Required($"{path}.operator", "valid values: \"In\", \"NotIn\"");
        }
        else if (operation is not ("In" or "NotIn"))
        {
            yield return FieldError.NotSupported($"{path}.operator", operation, ["In", "NotIn"]);
        }

        if (codes.String("containerName") is { } name && !names.Contains(name))
        {
            yield return FieldError.Invalid($"{path}.containerName", name, "must be one of the container or initContainer names in the pod template");
        }

        if (values.Count == 0)
        {
            yield return FieldError.Invalid($"{path}.values", new JsonArray(), "at least one value is required");
        }
        else if (values.Count > MostCodes)
        {
            yield return FieldError.TooMany($"{path}.values", values.Count, MostCodes);
        }

        var seen = new HashSet<long>();
        foreach (var (code, i) in values.Select((value, i) => (value.AsInteger() ?? 0, i)))
        {
            var at = FieldRules.Indexed($"{path}.values", i);
            if (code == 0 && operation == "In")
            {
                yield return FieldError.Invalid(at, code, "must not be 0 for the In operator");
            }

            if (!seen.Add(code))
            {
                yield return FieldError.Duplicate(at, code);
            }
            else if (i > 0 && values[i - 1].AsInteger() > code)
            {
                yield return FieldError.Invalid($"{path}.values", values.DeepClone(), "must be ordered");
            }
        }
    }
}
