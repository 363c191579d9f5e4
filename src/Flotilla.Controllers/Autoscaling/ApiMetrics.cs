using System.Globalization;
using System.Net.Http;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Cel.Values;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>The metrics APIs: the cluster's own for resources, and those that others have installed.</summary>
internal sealed class ApiMetrics(IObjectClient client, Func<V2CrossVersionObjectReference, CancellationToken, Task<string?>> resourceOf) : IMetricSource
{
    private static readonly TimeSpan DefaultWindow = TimeSpan.FromMinutes(1);

    public async Task<IReadOnlyDictionary<string, PodMetric>> ResourceAsync(
        string resource, string ns, string selector, string? container, CancellationToken cancellationToken)
    {
        var path = $"/apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods?labelSelector={Uri.EscapeDataString(selector)}";
        var items = await ItemsAsync(path, "resource", cancellationToken);
        var metrics = new Dictionary<string, PodMetric>(StringComparer.Ordinal);
        foreach (var pod in items)
        {
            if (UsageOf(pod, resource, container) is { } usage)
            {
                metrics[pod.Object("metadata").String("name") ?? ""] = new PodMetric(usage, TimeOf(pod), WindowOf(pod));
            }
        }

        return metrics;
    }

    public async Task<IReadOnlyDictionary<string, PodMetric>> PodsAsync(
        V2MetricIdentifier metric, string ns, string selector, CancellationToken cancellationToken)
    {
        var query = $"labelSelector={Uri.EscapeDataString(selector)}{SelectorQuery("&metricLabelSelector", metric)}";
        var items = await ItemsAsync($"{Custom}/namespaces/{ns}/pods/*/{Uri.EscapeDataString(metric.Name)}?{query}", "custom", cancellationToken);
        return items.ToDictionary(
            item => item.Object("describedObject").String("name") ?? "",
            item => new PodMetric(
                ValueOf(item), TimeOf(item), item.Integer("windowSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultWindow),
            StringComparer.Ordinal);
    }

    public async Task<long> ObjectAsync(
        V2MetricIdentifier metric, string ns, V2CrossVersionObjectReference target, CancellationToken cancellationToken)
    {
        var place = target.Kind == "Namespace"
            ? $"namespaces/{target.Name}/metrics"
            : $"namespaces/{ns}/{await resourceOf(target, cancellationToken) ?? throw NoMatch(target)}/{target.Name}";
        var query = SelectorQuery("?metricLabelSelector", metric);
        return ValueOf((await ItemsAsync($"{Custom}/{place}/{Uri.EscapeDataString(metric.Name)}{query}", "custom", cancellationToken))[0]);
    }

    public async Task<IReadOnlyList<long>> ExternalAsync(V2MetricIdentifier metric, string ns, CancellationToken cancellationToken)
    {
        var path = $"/apis/external.metrics.k8s.io/v1beta1/namespaces/{ns}/{Uri.EscapeDataString(metric.Name)}{SelectorQuery("?labelSelector", metric)}";
        return [.. (await ItemsAsync(path, "external", cancellationToken)).Select(ValueOf)];
    }

    private const string Custom = "/apis/custom.metrics.k8s.io/v1beta2";

    private static MetricException NoMatch(V2CrossVersionObjectReference target) =>
        new($"unable to map kind {target.Kind} to resource: no matches for kind \"{target.Kind}\" in version \"{target.ApiVersion}\"");

    private async Task<List<JsonObject>> ItemsAsync(string path, string api, CancellationToken cancellationToken)
    {
        List<JsonObject> items;
        try
        {
            var answer = await client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken);
            items = [.. JsonNode.Parse(answer).Objects("items")];
        }
        catch (ApiException refused)
        {
            throw new MetricException($"unable to fetch metrics from {api} metrics API: {refused.Message}");
        }

        return items.Count > 0 ? items : throw new MetricException($"no metrics returned from {api} metrics API");
    }

    /// <summary>null: the pod, or one of its containers, has not been measured.</summary>
    private static long? UsageOf(JsonObject pod, string resource, string? container)
    {
        var containers = pod.Objects("containers").Where(one => container is null || one.String("name") == container).ToList();
        if (containers.Count == 0)
        {
            return container is null ? null : throw new MetricException(
                $"container {container} not present in metrics for pod {pod.Object("metadata").String("namespace")}/{pod.Object("metadata").String("name")}");
        }

        var usages = containers.Select(one => one.Object("usage").String(resource)).ToList();
        return usages.Contains(null) ? null : usages.Sum(usage => (long)Quantity.Parse(usage!).MilliValue);
    }

    private static long ValueOf(JsonObject item) => (long)Quantity.Parse(item.String("value") ?? "0").MilliValue;

    private static DateTime TimeOf(JsonObject item) =>
        DateTimeOffset.TryParse(item.String("timestamp"), CultureInfo.InvariantCulture, out var time) ? time.UtcDateTime : DateTime.MinValue;

    private static TimeSpan WindowOf(JsonObject item) =>
        item.String("window") is { } text && Durations.TryParse(text, out var nanoseconds) ? TimeSpan.FromTicks(nanoseconds / 100) : TimeSpan.Zero;

    private static string SelectorQuery(string prefix, V2MetricIdentifier metric) =>
        metric.Selector is null ? "" : $"{prefix}={Uri.EscapeDataString(MetricText.Query(metric.Selector))}";
}
