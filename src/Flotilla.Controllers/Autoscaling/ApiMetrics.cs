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
        var items = await ItemsAsync(path, "resource", "pods.metrics.k8s.io", cancellationToken);
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
        var items = await ItemsAsync($"{await CustomAsync(cancellationToken)}/namespaces/{ns}/pods/*/{Uri.EscapeDataString(metric.Name)}?{query}", "custom", CustomGroup, cancellationToken);
        return items.ToDictionary(
            item => item.Object("describedObject").String("name") ?? "",
            item => new PodMetric(
                ValueOf(item), TimeOf(item), (item.Integer("windowSeconds") ?? item.Integer("window")) is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultWindow),
            StringComparer.Ordinal);
    }

    public async Task<long> ObjectAsync(
        V2MetricIdentifier metric, string ns, V2CrossVersionObjectReference target, CancellationToken cancellationToken)
    {
        var root = await CustomAsync(cancellationToken);
        // Whatever namespace it names, an autoscaler sees its own alone.
        var place = target.Kind == "Namespace" && GroupOf(target).Length == 0
            ? $"namespaces/{ns}/metrics"
            : $"namespaces/{ns}/{await resourceOf(target, cancellationToken) ?? throw NoMatch(target)}/{target.Name}";
        var query = SelectorQuery("?metricLabelSelector", metric);
        var items = await FetchAsync($"{root}/{place}/{Uri.EscapeDataString(metric.Name)}{query}", "custom", CustomGroup, cancellationToken);
        return items is [var item] ? ValueOf(item) : throw new MetricException($"{Unable("custom")}the custom metrics API server returned {items.Count} results when we asked for exactly one");
    }

    public async Task<IReadOnlyList<long>> ExternalAsync(V2MetricIdentifier metric, string ns, CancellationToken cancellationToken)
    {
        var path = $"/apis/external.metrics.k8s.io/v1beta1/namespaces/{ns}/{Uri.EscapeDataString(metric.Name)}{SelectorQuery("?labelSelector", metric)}";
        return [.. (await ItemsAsync(path, "external", $"{metric.Name}.external.metrics.k8s.io", cancellationToken)).Select(ValueOf)];
    }

    private const string CustomGroup = "custom.metrics.k8s.io";

    // The newest first. They differ in names of fields that nobody reads here, but for the window's.
    private static readonly string[] CustomVersions = ["v1beta2", "v1beta1"];

    private static string Unable(string api) => $"unable to fetch metrics from {api} metrics API: ";

    private static string GroupOf(V2CrossVersionObjectReference target) => target.ApiVersion?.Split('/') is [var group, _] ? group : "";

    private static MetricException NoMatch(V2CrossVersionObjectReference target)
    {
        var group = GroupOf(target);
        var kind = group.Length == 0 ? target.Kind : $"{target.Kind}.{group}";
        return new MetricException($"{Unable("custom")}unable to map kind {kind} to resource: no matches for kind \"{target.Kind}\" in group \"{group}\"");
    }

    /// <summary>Whichever version is preferred by who serves them: adapters of today know one or the other.</summary>
    private async Task<string> CustomAsync(CancellationToken cancellationToken)
    {
        try
        {
            var group = ObjectJson.Decode<V1APIGroup>(await client.SendAsync(HttpMethod.Get, $"/apis/{CustomGroup}", null, default, cancellationToken));
            var version = group.Versions.Select(one => one.Version).Prepend(group.PreferredVersion?.Version).FirstOrDefault(CustomVersions.Contains);
            return version is null ? throw new MetricException($"{Unable("custom")}no known available metric versions found") : $"/apis/{CustomGroup}/{version}";
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            throw new MetricException($"{Unable("custom")}no custom metrics API ({CustomGroup}) registered");
        }
        catch (ApiException refused)
        {
            throw new MetricException(Unable("custom") + refused.Message);
        }
    }

    private async Task<List<JsonObject>> ItemsAsync(string path, string api, string resource, CancellationToken cancellationToken)
    {
        var items = await FetchAsync(path, api, resource, cancellationToken);
        return items.Count > 0 ? items : throw new MetricException($"no metrics returned from {api} metrics API");
    }

    private async Task<List<JsonObject>> FetchAsync(string path, string api, string resource, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken);
            return [.. JsonNode.Parse(answer).Objects("items")];
        }
        catch (ApiException refused)
        {
            throw new MetricException(Unable(api) + Explain(refused, resource));
        }
    }

    // Where nobody answers there are no words but the client's own.
    private static string Explain(ApiException refused, string resource) => (refused.Code, refused.Message.Trim()) switch
    {
        (404, "404 page not found") => $"the server could not find the requested resource (get {resource})",
        (503, "service unavailable") => $"the server is currently unable to handle the request (get {resource})",
        var (_, message) => message,
    };

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
