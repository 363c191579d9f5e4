using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Autoscaling;

internal static class AutoscalerRules
{
    private const int Utilization = 80;
    private const int Shown = 2;

    public static readonly IReadOnlyList<Column> Columns =
    [
        Cells.Name,
        new("Reference", (item, _) => $"{item.Object("spec").Object("scaleTargetRef").String("kind")}/{item.Object("spec").Object("scaleTargetRef").String("name")}"),
        new("Targets", (item, _) => Targets(item)),
        Cells.Text("MinPods", "spec.minReplicas", absent: "<unset>"),
        Cells.Number("MaxPods", "spec.maxReplicas") with { Type = "string" },
        Cells.Number("Replicas", "status.currentReplicas") with { Type = "string" },
        Cells.Age,
    ];

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Parts = new Dictionary<string, PartialUpdate>
    {
        [Subresource.StatusName] = new((item, _) => FieldRules.NonNegative(item.Object("status"), "currentReplicas", "status").Concat(FieldRules.NonNegative(item.Object("status"), "desiredReplicas", "status"))),
    };

    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.Default("minReplicas", 1);
        if (spec.Array("metrics") is not { Count: > 0 })
        {
            spec["metrics"] = new JsonArray(AutoscalerConversion.CpuMetric("target", Utilization, null));
        }

        if (spec.Object("behavior") is { } behavior)
        {
            DefaultBehavior(behavior, "scaleUp", 0, new JsonArray(Policy("Pods", 4), Policy("Percent", 100)));
            DefaultBehavior(behavior, "scaleDown", null, new JsonArray(Policy("Percent", 100)));
        }
    }

    public static void DefaultV1(JsonObject item)
    {
        item.Child("spec").Default("minReplicas", 1);
        item.Child("status").Default("currentReplicas", 0);
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var (minimum, maximum) = (spec.Integer("minReplicas") ?? 1, spec.Integer("maxReplicas") ?? 0);
        if (minimum < 1)
        {
            yield return FieldError.Invalid("spec.minReplicas", minimum, "must be greater than or equal to 1") with { Ratchet = minimum == 0 ? Ratchet.ScaleToZero : null };
        }

        if (maximum < 1)
        {
            yield return FieldError.Invalid("spec.maxReplicas", maximum, "must be greater than 0");
        }

        if (maximum < minimum)
        {
            yield return FieldError.Invalid("spec.maxReplicas", maximum, "must be greater than or equal to `minReplicas`");
        }

        foreach (var error in MetricRules.CheckReference(spec.Object("scaleTargetRef"), "spec.scaleTargetRef").Concat(FieldRules.Each(spec, "metrics", "spec", MetricRules.Check))
            .Concat(BehaviorRules.Check(spec.Object("behavior"), "spec.behavior")))
        {
            yield return error;
        }
    }

    private static void DefaultBehavior(JsonObject behavior, string name, int? window, JsonArray policies)
    {
        var rules = behavior.Child(name);
        rules.DefaultText("selectPolicy", "Max");
        if (window is not null)
        {
            rules.Default("stabilizationWindowSeconds", window.Value);
        }

        if (rules.Array("policies") is not { Count: > 0 })
        {
            rules["policies"] = policies;
        }
    }

    private static JsonObject Policy(string type, int value) => new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 };

    /// <summary>Current over wanted per metric, e.g. <c>cpu: 40%/80%</c>.</summary>
    private static string Targets(JsonObject item)
    {
        var current = item.Object("status").Objects("currentMetrics").ToList();
        var all = item.Object("spec").Objects("metrics").Select((metric, i) => Target(metric, i < current.Count ? current[i] : null)).ToList();
        if (all.Count == 0)
        {
            return Cells.None;
        }

        var text = string.Join(", ", all.Take(Shown));
        return all.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"{text} + {all.Count - Shown} more...") : text;
    }

    private static string Target(JsonObject metric, JsonObject? current)
    {
        var type = metric.String("type") ?? "";
        var field = type.Length == 0 ? "" : char.ToLowerInvariant(type[0]) + type[1..];
        var (source, now) = (metric.Object(field), current.Object(field).Object("current"));
        var target = source.Object("target");
        if (target.Integer("averageUtilization") is { } wanted)
        {
            var use = now.Integer("averageUtilization") is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent}%") : Cells.Unknown;
            return string.Create(CultureInfo.InvariantCulture, $"{source.String("name")}: {use}/{wanted}%");
        }

        var prefix = type is "Resource" or "ContainerResource" ? $"{source.String("name")}: " : "";
        return target.String("averageValue") is { } average
            ? $"{prefix}{now.String("averageValue") ?? Cells.Unknown}/{average}{(type is "External" or "Object" ? " (avg)" : "")}"
            : $"{prefix}{now.String("value") ?? Cells.Unknown}/{target.String("value")}";
    }
}
