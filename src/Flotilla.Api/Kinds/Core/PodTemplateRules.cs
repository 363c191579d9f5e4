using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class PodTemplateRules
{
    public static void Default(JsonObject? template) => PodDefaults.ApplyTemplate(template);

    public static IEnumerable<FieldError> Check(JsonObject? template, string path) =>
        MetadataRules.CheckTemplate(template.Object("metadata"), $"{path}.metadata")
            .Concat(PodSpecRules.Check(template.Object("spec") ?? [], $"{path}.spec", null));

    /// <summary>A template whose pods must be kept running and match their owner's selector.</summary>
    public static IEnumerable<FieldError> CheckOwned(JsonObject spec, JsonObject? selector, bool isLabelMap = false)
    {
        var template = spec.Object("template");
        var labels = template.Object("metadata").Object("labels");
        var matches = selector is { Count: > 0 } && (isLabelMap ? Selects(selector, labels) : SelectorOf(selector)?.Matches(labels) == true);
        if (!matches)
        {
            yield return FieldError.Invalid("spec.template.metadata.labels", labels?.DeepClone() ?? new JsonObject(), "`selector` does not match template `labels`");
        }

        foreach (var error in Check(template, "spec.template"))
        {
            yield return error;
        }

        if (template.Object("spec").String("restartPolicy") is { } policy and not "Always" && policy is "OnFailure" or "Never")
        {
            yield return FieldError.NotSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
        }

        if (template.Object("spec")?["activeDeadlineSeconds"] is not null)
        {
            yield return FieldError.Forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported");
        }
    }

    private static bool Selects(JsonObject selector, JsonObject? labels) => selector.All(pair => labels?[pair.Key].SameAs(pair.Value) == true);

    private static Selectors.LabelSelector? SelectorOf(JsonObject selector) => Selectors.LabelSelector.From(selector);
}
