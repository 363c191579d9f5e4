using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.ResourceMetrics;

/// <summary>Samples as objects of the resource metrics API. Pure.</summary>
internal static class MetricsObjects
{
    public static JsonObject OfNode(JsonObject node, Usage usage, DateTimeOffset now)
    {
        var item = New(MetricsKinds.NodeMetrics, node, usage, now);
        item["usage"] = Amounts(usage);
        return item;
    }

    public static JsonObject OfPod(JsonObject pod, PodUsage usage, DateTimeOffset now)
    {
        // The pod's time is that of its oldest sample.
        var item = New(MetricsKinds.PodMetrics, pod, usage.Containers.Select(container => container.Usage).MinBy(sample => sample.Time)!, now);
        item["containers"] = new JsonArray([.. usage.Containers.Select(container => new JsonObject { ["name"] = container.Name, ["usage"] = Amounts(container.Usage) })]);
        return item;
    }

    /// <summary>A length of time as Go prints it, to the millisecond: <c>15.021s</c>.</summary>
    internal static string Window(long nanoseconds) => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1_000_000 / 1000m:0.###}s");

    private static JsonObject New(Kind kind, JsonObject source, Usage usage, DateTimeOffset now)
    {
        var metadata = new JsonObject { ["name"] = source.Object("metadata").String("name") };
        if (kind.IsNamespaced)
        {
            metadata["namespace"] = source.Object("metadata").String("namespace");
        }

        metadata["creationTimestamp"] = Times.Seconds(now);
        if (source.Object("metadata").Object("labels") is { } labels)
        {
            metadata["labels"] = labels.DeepClone();
        }

        return new JsonObject
        {
            ["kind"] = kind.Name,
            ["apiVersion"] = kind.Identity.ApiVersion,
            ["metadata"] = metadata,
            ["timestamp"] = Times.Seconds(usage.Time),
            ["window"] = Window(usage.WindowNanoseconds),
        };
    }

    private static JsonObject Amounts(Usage usage) => new()
    {
        ["cpu"] = string.Create(CultureInfo.InvariantCulture, $"{usage.CpuNanocores}n"),
        ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{usage.MemoryBytes >> 10}Ki"),
    };
}
