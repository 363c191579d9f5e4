using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class PodTemplateRules
{
    public static void Default(JsonObject? template) => PodDefaults.ApplyTemplate(template);

    public static IEnumerable<FieldError> Check(JsonObject? template, string path)
    {
        var spec = template.Object("spec") ?? [];
        return CheckMetadata(template, path).Concat(PodSpecRules.Check(spec, $"{path}.spec", null))
            .Concat(spec.Array("ephemeralContainers") is { Count: > 0 } ? [FieldError.Forbidden($"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")] : []);
    }

    /// <summary>Labels and annotations; the paths leave out the metadata they stand in.</summary>
    public static IEnumerable<FieldError> CheckMetadata(JsonObject? template, string path) =>
        FieldRules.LabelMap(template.Object("metadata").Object("labels"), $"{path}.labels")
            .Concat(MetadataRules.CheckAnnotations(template.Object("metadata").Object("annotations"), $"{path}.annotations"))
            .Concat(PodAnnotationRules.Check(template.Object("metadata"), template.Object("spec") ?? [], $"{path}.annotations"));

    /// <summary>The template of an owner that keeps its pods running forever.</summary>
    public static IEnumerable<FieldError> CheckLasting(JsonObject spec, string owner) =>
        Check(spec.Object("template"), "spec.template").Concat(CheckForever(spec, owner));

    public static IEnumerable<FieldError> CheckForever(JsonObject spec, string owner)
    {
        var template = spec.Object("template").Object("spec");
        if (template.String("restartPolicy") is not "Always")
        {
            yield return FieldError.NotSupported("spec.template.spec.restartPolicy", template.String("restartPolicy") ?? "", ["Always"]);
        }

        if (template?["activeDeadlineSeconds"] is not null)
        {
            yield return FieldError.Forbidden("spec.template.spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {owner} is not Supported");
        }
    }

    public static IEnumerable<FieldError> CheckSelected(JsonObject spec, bool matches)
    {
        if (!matches)
        {
            var labels = spec.Object("template").Object("metadata").Object("labels");
            yield return FieldError.Invalid("spec.template.metadata.labels", labels?.DeepClone() ?? new JsonObject(), "`selector` does not match template `labels`");
        }
    }
}
