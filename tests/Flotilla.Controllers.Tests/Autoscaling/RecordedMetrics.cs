using Flotilla.Controllers.Autoscaling;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Autoscaling;

/// <summary>Figures that the test sets. A name without figures cannot be read.</summary>
internal sealed class RecordedMetrics : IMetricSource
{
    public Dictionary<string, IReadOnlyDictionary<string, PodMetric>> OfPods { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Values { get; } = new(StringComparer.Ordinal);

    public Task<IReadOnlyDictionary<string, PodMetric>> ResourceAsync(
        string resource, string ns, string selector, string? container, CancellationToken cancellationToken) =>
        OfPods.TryGetValue(resource, out var metrics)
            ? Task.FromResult(metrics)
            : throw new MetricException("no metrics returned from resource metrics API");

    public Task<IReadOnlyDictionary<string, PodMetric>> PodsAsync(
        V2MetricIdentifier metric, string ns, string selector, CancellationToken cancellationToken) =>
        OfPods.TryGetValue(metric.Name, out var metrics)
            ? Task.FromResult(metrics)
            : throw new MetricException("no metrics returned from custom metrics API");

    public Task<long> ObjectAsync(V2MetricIdentifier metric, string ns, V2CrossVersionObjectReference target, CancellationToken cancellationToken) =>
        Values.TryGetValue(metric.Name, out var value)
            ? Task.FromResult(value)
            : throw new MetricException("no metrics returned from custom metrics API");

    public Task<IReadOnlyList<long>> ExternalAsync(V2MetricIdentifier metric, string ns, CancellationToken cancellationToken) =>
        Values.TryGetValue(metric.Name, out var value)
            ? Task.FromResult<IReadOnlyList<long>>([value])
            : throw new MetricException("no metrics returned from external metrics API");
}
