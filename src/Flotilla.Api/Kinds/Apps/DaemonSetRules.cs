using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

internal static class DaemonSetRules
{
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        var strategy = spec.Child("updateStrategy");
        strategy.DefaultText("type", "RollingUpdate");
        if (strategy.String("type") == "RollingUpdate")
        {
            var rolling = strategy.Child("rollingUpdate");
            rolling.Default("maxUnavailable", 1);
            rolling.Default("maxSurge", 0);
        }

        spec.Default("revisionHistoryLimit", 10);
        PodTemplateRules.Default(spec.Object("template"));

        // The old template generation still lives in an annotation, present from the start.
        item.Child("metadata").Child("annotations").Default(TemplateGeneration, "0");
    }

    public static void Prepare(JsonObject item) => item.Child("metadata").Child("annotations")[TemplateGeneration] = "1";

    public static void PrepareUpdate(JsonObject item, JsonObject old)
    {
        var generation = long.TryParse(old.Object("metadata").Object("annotations").String(TemplateGeneration), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 1;
        if (!item.Object("spec")?["template"].SameAs(old.Object("spec")?["template"]) == true)
        {
            generation++;
        }

        item.Child("metadata").Child("annotations")[TemplateGeneration] = generation.ToString(CultureInfo.InvariantCulture);
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return WorkloadRules.CheckSelector(spec, "daemonset")
            .Concat(WorkloadRules.CheckTemplate(spec, "DaemonSet"))
            .Concat(FieldRules.NonNegative(spec, "minReadySeconds", "spec"))
            .Concat(CheckStrategy(spec.Object("updateStrategy"), "spec.updateStrategy"))
            .Concat(FieldRules.NonNegative(spec, "revisionHistoryLimit", "spec"))
            .Concat(WorkloadRules.SelectorUnchanged(spec, old));
    }

    private static IEnumerable<FieldError> CheckStrategy(JsonObject? strategy, string path)
    {
        if (strategy.String("type") is not ("OnDelete" or "RollingUpdate"))
        {
            yield return FieldError.NotSupported($"{path}.type", strategy.String("type") ?? "", ["RollingUpdate", "OnDelete"]);
            yield break;
        }

        if (strategy.Object("rollingUpdate") is not { } rolling)
        {
            yield break;
        }

        var (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"]);
        foreach (var error in FieldRules.CountOrPercent(unavailable, $"{path}.rollingUpdate.maxUnavailable", limited: true)
            .Concat(FieldRules.CountOrPercent(surge, $"{path}.rollingUpdate.maxSurge", limited: true)))
        {
            yield return error;
        }

        if (!FieldRules.IsZero(unavailable) && !FieldRules.IsZero(surge))
        {
            yield return FieldError.Invalid($"{path}.rollingUpdate.maxSurge", surge?.DeepClone(), "may not be set when maxUnavailable is non-zero");
        }
        else if (FieldRules.IsZero(unavailable) && FieldRules.IsZero(surge))
        {
            yield return FieldError.Required($"{path}.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0");
        }
    }
}
