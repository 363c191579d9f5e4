using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>A pod's share of a metric, in thousandths, averaged over a window that ends at a time.</summary>
internal sealed record PodMetric(long MilliValue, DateTime Time, TimeSpan Window);

/// <summary>Where autoscalers read. What cannot be read throws <see cref="MetricException"/>, whose message users see.</summary>
internal interface IMetricSource
{
    /// <param name="container">null: the sum of a pod's containers.</param>
    Task<IReadOnlyDictionary<string, PodMetric>> ResourceAsync(
        string resource, string ns, string selector, string? container, CancellationToken cancellationToken);

    /// <summary>A metric that each pod has.</summary>
    Task<IReadOnlyDictionary<string, PodMetric>> PodsAsync(V2MetricIdentifier metric, string ns, string selector, CancellationToken cancellationToken);

    /// <summary>A metric of one other object, in thousandths.</summary>
    Task<long> ObjectAsync(V2MetricIdentifier metric, string ns, V2CrossVersionObjectReference target, CancellationToken cancellationToken);

    /// <summary>A metric of something outside the cluster: each of its series, in thousandths.</summary>
    Task<IReadOnlyList<long>> ExternalAsync(V2MetricIdentifier metric, string ns, CancellationToken cancellationToken);
}

internal sealed class MetricException(string message) : Exception(message);
