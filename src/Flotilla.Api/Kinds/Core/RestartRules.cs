using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>When a single container restarts: a policy of its own, and exceptions by exit code.</summary>
internal static class RestartRules
{
    private const int MostRules = 20;
    private const int MostCodes = 255;

    public static IEnumerable<FieldError> Check(JsonObject container, string path)
    {
        var rules = container.Array("restartPolicyRules");
        if (container.String("restartPolicy") is not { } policy)
        {
            return rules is { Count: > 0 } ? [FieldError.Required($"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")] : [];
        }

        IEnumerable<FieldError> errors = policy is "Always" or "Never" or "OnFailure" ? [] : [FieldError.NotSupported($"{path}.restartPolicy", policy, ["Always", "Never", "OnFailure"])];
        return errors.Concat(rules?.Count > MostRules ? [FieldError.TooMany($"{path}.restartPolicyRules", rules.Count, MostRules)] : [])
            .Concat(FieldRules.Each(container, "restartPolicyRules", path, CheckRule));
    }

    private static IEnumerable<FieldError> CheckRule(JsonObject rule, string path)
    {
        IEnumerable<FieldError> errors = rule.String("action") is "Restart" or "RestartAllContainers" ? []
            : [FieldError.NotSupported($"{path}.action", rule.String("action") ?? "", ["Restart", "RestartAllContainers"])];
        return errors.Concat(rule.Object("exitCodes") is { } codes ? CheckCodes(codes, $"{path}.exitCodes") : [FieldError.Required($"{path}.exitCodes", "must be specified")]);
    }

    private static IEnumerable<FieldError> CheckCodes(JsonObject codes, string path)
    {
        if (codes.String("operator") is not ("In" or "NotIn"))
        {
            yield return FieldError.NotSupported($"{path}.operator", codes.String("operator") ?? "", ["In", "NotIn"]);
        }

        if (codes.Array("values")?.Count > MostCodes)
        {
            yield return FieldError.TooMany($"{path}.values", codes.Array("values")!.Count, MostCodes);
        }
    }
}
