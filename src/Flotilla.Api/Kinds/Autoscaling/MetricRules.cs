using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Autoscaling;

/// <summary>What an autoscaler watches: one source for each metric, with a target that suits it.</summary>
internal static class MetricRules
{
    private static readonly string[] Types = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    private static readonly string[] Sources = ["object", "external", "pods", "resource", "containerResource"];

    public static IEnumerable<FieldError> Check(JsonObject metric, string path)
    {
        var type = metric.String("type") ?? "";
        if (type.Length == 0)
        {
            yield return FieldError.Required($"{path}.type", "must specify a metric source type");
        }

        if (!Types.Contains(type))
        {
            yield return FieldError.NotSupported($"{path}.type", type, Types);
        }

        var given = Sources.Where(source => metric.Object(source) is not null).ToList();
        foreach (var error in given.Count == 0 ? [] : CheckSource(given[0], metric.Object(given[0])!, $"{path}.{given[0]}"))
        {
            yield return error;
        }

        var expected = type.Length == 0 ? "" : char.ToLowerInvariant(type[0]) + type[1..];
        if (!given.Contains(expected))
        {
            yield return FieldError.Required(FieldRules.At(path, expected), "must populate information for the given metric source");
        }

        foreach (var other in given.Count < 2 ? [] : given.Where(source => source != expected))
        {
            yield return FieldError.Forbidden($"{path}.{other}", "must populate the given metric source only");
        }
    }

    public static IEnumerable<FieldError> CheckReference(JsonObject? reference, string path) =>
        FieldRules.RequiredName(reference, "kind", path, Names.CheckPathSegment).Concat(FieldRules.RequiredName(reference, "name", path, Names.CheckPathSegment));

    private static IEnumerable<FieldError> CheckSource(string type, JsonObject source, string path)
    {
        var (target, at) = (source.Object("target"), $"{path}.target");
        var (value, average, use) = (target?["value"], target?["averageValue"], target?["averageUtilization"]);
        var checkedTarget = CheckTarget(target, at);
        return type switch
        {
            "object" => CheckReference(source.Object("describedObject"), $"{path}.describedObject").Concat(CheckName(source, path)).Concat(checkedTarget)
                .Concat(value is null && average is null ? [FieldError.Required($"{at}.averageValue", "must set either a target value or averageValue")] : []),
            "external" => CheckName(source, path).Concat(checkedTarget)
                .Concat(value is null && average is null ? [FieldError.Required($"{at}.averageValue", "must set either a target value for metric or a per-pod target")] : [])
                .Concat(value is not null && average is not null ? [FieldError.Forbidden($"{at}.value", "may not set both a target value for metric and a per-pod target")] : []),
            "pods" => CheckName(source, path).Concat(checkedTarget)
                .Concat(FieldRules.Amount(average) is { Sign: > 0 } ? [] : [FieldError.Required($"{at}.averageValue", "must specify a positive target averageValue")]),
            _ => (type == "containerResource" ? FieldRules.Required(source, "container", path, "must specify a container") : [])
                .Concat(FieldRules.Required(source, "name", path, "must specify a resource name")).Concat(checkedTarget)
                .Concat(use is null && average is null ? [FieldError.Required($"{at}.averageUtilization", "must set either a target raw value or a target utilization")] : [])
                .Concat(use is not null && average is not null ? [FieldError.Forbidden($"{at}.averageValue", "may not set both a target raw value and a target utilization")] : []),
        };
    }

    private static IEnumerable<FieldError> CheckName(JsonObject source, string path) =>
        FieldRules.RequiredName(source.Object("metric"), "name", $"{path}.metric", Names.CheckPathSegment, "must specify a metric name");

    private static IEnumerable<FieldError> CheckTarget(JsonObject? target, string path)
    {
        var type = target.String("type") ?? "";
        if (type.Length == 0)
        {
            yield return FieldError.Required($"{path}.type", "must specify a metric target type");
        }

        if (type is not ("Utilization" or "Value" or "AverageValue"))
        {
            yield return FieldError.Invalid($"{path}.type", type, "must be either Utilization, Value, or AverageValue");
        }

        foreach (var field in new[] { "value", "averageValue" })
        {
            if (FieldRules.Amount(target?[field]) is { Sign: <= 0 } amount)
            {
                yield return FieldError.Invalid($"{path}.{field}", amount.ToString(), "must be positive");
            }
        }

        foreach (var error in FieldRules.Positive(target, "averageUtilization", path))
        {
            yield return error;
        }
    }
}
