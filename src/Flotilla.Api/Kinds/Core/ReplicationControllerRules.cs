using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class ReplicationControllerRules
{
    /// <summary>Selector and labels default to the template's labels.</summary>
    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        if (spec.Object("template") is { } template)
        {
            if (template.Object("metadata").Object("labels") is { Count: > 0 } labels)
            {
                spec.Default("selector", labels.DeepClone());
                item.Child("metadata").Default("labels", labels.DeepClone());
            }

            PodTemplateRules.Default(template);
        }

        spec.Default("replicas", 1);
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        foreach (var error in FieldRules.NonNegative(spec, "minReadySeconds", "spec").Concat(FieldRules.NonNegative(spec, "replicas", "spec")))
        {
            yield return error;
        }

        if (spec.Object("selector") is not { Count: > 0 } selector)
        {
            yield return FieldError.Required("spec.selector");
            yield break;
        }

        if (spec.Object("template") is null)
        {
            yield return FieldError.Required("spec.template");
            yield break;
        }

        foreach (var error in PodTemplateRules.CheckOwned(spec, selector, isLabelMap: true))
        {
            yield return error;
        }
    }
}
