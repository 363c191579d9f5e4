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
        var selector = spec.Object("selector") ?? [];
        return FieldRules.NonNegative(spec, "minReadySeconds", "spec")
            .Concat(selector.Count == 0 ? [FieldError.Required("spec.selector")] : [])
            .Concat(FieldRules.NonNegative(spec, "replicas", "spec"))
            .Concat(spec.Object("template") is null ? [FieldError.Required("spec.template")] : CheckTemplate(spec, selector));
    }

    private static IEnumerable<FieldError> CheckTemplate(JsonObject spec, JsonObject selector)
    {
        var labels = spec.Object("template").Object("metadata").Object("labels");
        return PodTemplateRules.CheckSelected(spec, selector.All(pair => labels?[pair.Key].SameAs(pair.Value) == true))
            .Concat(PodTemplateRules.CheckLasting(spec, "ReplicationController"));
    }
}
