using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

internal static class DeploymentRules
{
    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.Default("replicas", 1);
        var strategy = spec.Child("strategy");
        strategy.DefaultText("type", "RollingUpdate");
        if (strategy.String("type") == "RollingUpdate")
        {
            var rolling = strategy.Child("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        PodTemplateRules.Default(spec.Object("template"));
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return FieldRules.NonNegative(spec, "replicas", "spec")
            .Concat(WorkloadRules.CheckSelector(spec, "deployment"))
            .Concat(WorkloadRules.CheckTemplate(spec, "ReplicaSet"))
            .Concat(CheckStrategy(spec.Object("strategy"), "spec.strategy"))
            .Concat(FieldRules.NonNegative(spec, "minReadySeconds", "spec"))
            .Concat(FieldRules.NonNegative(spec, "revisionHistoryLimit", "spec"))
            .Concat(CheckDeadline(spec))
            .Concat(WorkloadRules.SelectorUnchanged(spec, old));
    }

    private static IEnumerable<FieldError> CheckStrategy(JsonObject? strategy, string path)
    {
        var rolling = strategy.Object("rollingUpdate");
        switch (strategy.String("type"))
        {
            case "Recreate" when rolling is not null:
                yield return FieldError.Forbidden($"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate" when rolling is null:
                yield return FieldError.Required($"{path}.rollingUpdate", "this should be defaulted and never be nil");
                break;
            case "RollingUpdate":
                foreach (var error in CheckRolling(rolling!, $"{path}.rollingUpdate"))
                {
                    yield return error;
                }

                break;
            case "Recreate":
                break;
            case var other:
                yield return FieldError.NotSupported(path, $"{other}", ["Recreate", "RollingUpdate"]);
                break;
        }
    }

    private static IEnumerable<FieldError> CheckRolling(JsonObject rolling, string path)
    {
        var (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"]);
        foreach (var error in FieldRules.CountOrPercent(unavailable, $"{path}.maxUnavailable").Concat(FieldRules.CountOrPercent(surge, $"{path}.maxSurge")))
        {
            yield return error;
        }

        if (FieldRules.IsZero(unavailable) && FieldRules.IsZero(surge))
        {
            yield return FieldError.Invalid($"{path}.maxUnavailable", unavailable?.DeepClone(), "may not be 0 when `maxSurge` is 0");
        }

        foreach (var error in FieldRules.CountOrPercent(unavailable, $"{path}.maxUnavailable", limited: true).Where(error => error.Body.EndsWith("100%", StringComparison.Ordinal)))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckDeadline(JsonObject spec)
    {
        foreach (var error in FieldRules.NonNegative(spec, "progressDeadlineSeconds", "spec"))
        {
            yield return error;
        }

        if (spec.Integer("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Integer("minReadySeconds") ?? 0))
        {
            yield return FieldError.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
        }
    }
}
