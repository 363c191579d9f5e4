using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Autoscaling;

/// <summary>How fast an autoscaler goes, in each direction.</summary>
internal static class BehaviorRules
{
    private const int LongestWindow = 3600;
    private const int LongestPeriod = 1800;

    public static IEnumerable<FieldError> Check(JsonObject? behavior, string path) => new[] { "scaleUp", "scaleDown" }
        .SelectMany(direction => behavior.Object(direction) is { } rules ? CheckRules(rules, $"{path}.{direction}") : []);

    private static IEnumerable<FieldError> CheckRules(JsonObject rules, string path)
    {
        switch (rules.Integer("stabilizationWindowSeconds"))
        {
            case < 0 and var seconds:
                yield return FieldError.Invalid($"{path}.stabilizationWindowSeconds", seconds, "must be greater than or equal to zero");
                break;
            case > LongestWindow and var seconds:
                yield return FieldError.Invalid($"{path}.stabilizationWindowSeconds", seconds, string.Create(CultureInfo.InvariantCulture, $"must be less than or equal to {LongestWindow}"));
                break;
        }

        foreach (var error in FieldRules.OneOf(rules, "selectPolicy", path, "Disabled", "Max", "Min"))
        {
            yield return error;
        }

        if (rules.Array("policies") is not { Count: > 0 })
        {
            yield return FieldError.Required($"{path}.policies", "must specify at least one Policy");
        }

        foreach (var error in FieldRules.Each(rules, "policies", path, CheckPolicy))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckPolicy(JsonObject policy, string path)
    {
        if (policy.String("type") is not ("Pods" or "Percent"))
        {
            yield return FieldError.NotSupported($"{path}.type", policy.String("type") ?? "", ["Percent", "Pods"]);
        }

        foreach (var field in new[] { "value", "periodSeconds" })
        {
            if (policy.Integer(field) is not > 0)
            {
                yield return FieldError.Invalid($"{path}.{field}", policy.Integer(field) ?? 0, "must be greater than zero");
            }
        }

        if (policy.Integer("periodSeconds") is > LongestPeriod and var period)
        {
            yield return FieldError.Invalid($"{path}.periodSeconds", period, string.Create(CultureInfo.InvariantCulture, $"must be less than or equal to {LongestPeriod}"));
        }
    }
}
