using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Kinds.Autoscaling;

/// <summary>Version 1 knows one CPU target only; everything else travels in annotations so that nothing is lost.</summary>
internal static class AutoscalerConversion
{
    private const string Metrics = "autoscaling.alpha.kubernetes.io/metrics";
    private const string Behavior = "autoscaling.alpha.kubernetes.io/behavior";
    private const string CurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
    private const string Conditions = "autoscaling.alpha.kubernetes.io/conditions";

    public static JsonObject AsV2(JsonObject item)
    {
        var copy = item.Copy();
        ToV2(copy);
        return copy;
    }

    public static void ToV2(JsonObject item)
    {
        var (spec, status) = (item.Child("spec"), item.Child("status"));
        var metrics = new JsonArray();
        if (spec.Integer("targetCPUUtilizationPercentage") is { } target)
        {
            metrics.Add(CpuMetric("target", target, null));
        }

        spec.Remove("targetCPUUtilizationPercentage");
        foreach (var other in Take(item, Metrics) as JsonArray ?? [])
        {
            metrics.Add(other?.DeepClone());
        }

        if (metrics.Count > 0)
        {
            spec["metrics"] = metrics;
        }

        if (Take(item, Behavior) is JsonObject behavior)
        {
            spec["behavior"] = behavior;
        }

        status.Remove("currentCPUUtilizationPercentage");
        if (Take(item, CurrentMetrics) is JsonArray current)
        {
            status["currentMetrics"] = current;
        }

        if (Take(item, Conditions) is JsonArray conditions)
        {
            status["conditions"] = conditions;
        }
    }

    public static void ToV1(JsonObject item)
    {
        var (spec, status) = (item.Child("spec"), item.Child("status"));
        var others = new JsonArray();
        foreach (var metric in spec.Objects("metrics"))
        {
            if (IsCpu(metric) && metric.Object("resource").Object("target").Integer("averageUtilization") is { } target && !spec.ContainsKey("targetCPUUtilizationPercentage"))
            {
                spec["targetCPUUtilizationPercentage"] = target;
            }
            else
            {
                others.Add(metric.DeepClone());
            }
        }

        Keep(item, Metrics, others);
        Keep(item, Behavior, spec.Object("behavior"));
        if (status.Objects("currentMetrics").FirstOrDefault(IsCpu).Object("resource").Object("current").Integer("averageUtilization") is { } use)
        {
            status["currentCPUUtilizationPercentage"] = use;
        }

        Keep(item, CurrentMetrics, status.Array("currentMetrics"));
        Keep(item, Conditions, status.Array("conditions"));
        spec.Remove("metrics");
        spec.Remove("behavior");
        status.Remove("currentMetrics");
        status.Remove("conditions");
        status.Default("currentReplicas", 0);
    }

    public static JsonObject CpuMetric(string field, long utilization, string? value)
    {
        var amount = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = utilization };
        if (value is not null)
        {
            amount["averageValue"] = value;
        }

        return new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", [field] = amount } };
    }

    private static bool IsCpu(JsonObject metric) => metric.String("type") == "Resource" && metric.Object("resource").String("name") == "cpu";

    private static JsonNode? Take(JsonObject item, string annotation)
    {
        var annotations = item.Object("metadata").Object("annotations");
        if (annotations.String(annotation) is not { } text)
        {
            return null;
        }

        annotations!.Remove(annotation);
        if (annotations.Count == 0)
        {
            item.Child("metadata").Remove("annotations");
        }

        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // Whoever wrote the annotation wrote nothing that could be kept.
        }
    }

    private static void Keep(JsonObject item, string annotation, JsonNode? value)
    {
        if (value is JsonArray { Count: > 0 } or JsonObject { Count: > 0 })
        {
            item.Child("metadata").Child("annotations")[annotation] = value.ToJsonString();
        }
    }
}
