using System.Globalization;
using Flotilla.Api.Quantities;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>What one metric says.</summary>
/// <param name="Name">As it stands in the reason of a rescale.</param>
internal sealed record MetricVerdict(Proposal Proposal, string Name, V2MetricStatus Status);

/// <summary>Why one metric says nothing.</summary>
/// <param name="Reason">Of the event and the condition.</param>
/// <param name="Cause">What went wrong.</param>
/// <param name="Message">The same in its context.</param>
internal sealed class MetricFailure(string reason, string cause, string message) : Exception(message)
{
    public string Reason => reason;

    public string Cause => cause;
}

/// <summary>Reads the metrics of an autoscaler's spec and works out what each proposes.</summary>
/// <param name="Selector">Of the target's pods, as text.</param>
/// <param name="Running">Replicas that the target's status tells of.</param>
internal sealed record MetricEvaluation(IMetricSource Source, ReplicaCalculation Calculation, string Namespace, string Selector, int Running)
{
    public Task<MetricVerdict> ReadAsync(V2MetricSpec metric, CancellationToken cancellationToken) => metric.Type switch
    {
        "Resource" => Guard("FailedGetResourceMetric", $"{metric.Resource.Name} resource metric", () => ResourceAsync(metric.Resource, cancellationToken)),
        "ContainerResource" => Guard(
            "FailedGetContainerResourceMetric", $"{metric.ContainerResource.Container} container metric",
            () => ContainerAsync(metric.ContainerResource, cancellationToken)),
        "Pods" => Guard("FailedGetPodsMetric", "pods metric", () => PodsAsync(metric.Pods, cancellationToken)),
        "Object" => Guard("FailedGetObjectMetric", "object metric", () => ObjectAsync(metric.ObjectProperty, cancellationToken)),
        "External" => Guard("FailedGetExternalMetric", $"{metric.External.Metric.Name} external metric", () => ExternalAsync(metric.External, cancellationToken)),
        _ => throw new MetricFailure(
            "InvalidMetricSourceType", $"unknown metric source type \"{metric.Type}\"", $"unknown metric source type \"{metric.Type}\""),
    };

    private static async Task<MetricVerdict> Guard(string reason, string what, Func<Task<MetricVerdict>> read)
    {
        try
        {
            return await read();
        }
        catch (MetricException wrong)
        {
            throw new MetricFailure(reason, wrong.Message, $"failed to get {what} value: {wrong.Message}");
        }
    }

    private async Task<MetricVerdict> ResourceAsync(V2ResourceMetricSource source, CancellationToken cancellationToken)
    {
        var (proposal, value, name) = await AmountAsync(source.Name, null, source.Target, cancellationToken);
        return new MetricVerdict(proposal, name, new V2MetricStatus
        {
            Type = "Resource",
            Resource = new V2ResourceMetricStatus { Name = source.Name, Current = value },
        });
    }

    private async Task<MetricVerdict> ContainerAsync(V2ContainerResourceMetricSource source, CancellationToken cancellationToken)
    {
        var (proposal, value, name) = await AmountAsync(source.Name, source.Container, source.Target, cancellationToken);
        return new MetricVerdict(proposal, name, new V2MetricStatus
        {
            Type = "ContainerResource",
            ContainerResource = new V2ContainerResourceMetricStatus { Name = source.Name, Container = source.Container, Current = value },
        });
    }

    private async Task<(Proposal Proposal, V2MetricValueStatus Value, string Name)> AmountAsync(
        string resource, string? container, V2MetricTarget target, CancellationToken cancellationToken)
    {
        if (target.AverageValue is null && target.AverageUtilization is null)
        {
            throw new MetricException("invalid resource metric source: neither an average utilization target nor an average value target was set");
        }

        try
        {
            var metrics = await MeasureAsync(resource, container, cancellationToken);
            if (target.AverageValue is { } average)
            {
                var proposal = Calculation.ForAverage(metrics, resource, Milli(average));
                return (proposal, new V2MetricValueStatus { AverageValue = Amount(proposal.MilliValue) }, $"{resource} resource");
            }

            var utilization = Calculation.ForUtilization(metrics, resource, container, target.AverageUtilization!.Value);
            var value = new V2MetricValueStatus { AverageUtilization = utilization.Utilization, AverageValue = Amount(utilization.MilliValue) };
            return (utilization, value, $"{resource} {(container is null ? "" : "container ")}resource utilization (percentage of request)");
        }
        catch (MetricException wrong)
        {
            throw new MetricException($"failed to get {resource} utilization: {wrong.Message}");
        }
    }

    private async Task<IReadOnlyDictionary<string, PodMetric>> MeasureAsync(string resource, string? container, CancellationToken cancellationToken)
    {
        try
        {
            return await Source.ResourceAsync(resource, Namespace, Selector, container, cancellationToken);
        }
        catch (MetricException wrong)
        {
            throw new MetricException($"unable to get metrics for resource {resource}: {wrong.Message}");
        }
    }

    private async Task<MetricVerdict> PodsAsync(V2PodsMetricSource source, CancellationToken cancellationToken)
    {
        var metrics = await Within($"unable to get metric {source.Metric.Name}", () => Source.PodsAsync(source.Metric, Namespace, Selector, cancellationToken));
        var proposal = Calculation.ForAverage(metrics, null, Milli(source.Target.AverageValue));
        return new MetricVerdict(proposal, $"pods metric {source.Metric.Name}", new V2MetricStatus
        {
            Type = "Pods",
            Pods = new V2PodsMetricStatus { Metric = source.Metric, Current = new V2MetricValueStatus { AverageValue = Amount(proposal.MilliValue) } },
        });
    }

    private async Task<MetricVerdict> ObjectAsync(V2ObjectMetricSource source, CancellationToken cancellationToken)
    {
        var target = source.DescribedObject;
        var value = await ObjectValueAsync(source, target, cancellationToken);
        var isShare = source.Target.Type == "AverageValue";
        var proposal = isShare
            ? Calculation.ForShare(value, Milli(source.Target.AverageValue), Running)
            : Calculation.ForValue(value, Milli(source.Target.Value));
        var name = isShare ? $"external metric {source.Metric.Name}({MetricText.Shown(source.Metric.Selector)})" : $"{target.Kind} metric {source.Metric.Name}";
        return new MetricVerdict(proposal, name, new V2MetricStatus
        {
            Type = "Object",
            ObjectProperty = new V2ObjectMetricStatus { DescribedObject = target, Metric = source.Metric, Current = Current(proposal, isShare) },
        });
    }

    private async Task<long> ObjectValueAsync(V2ObjectMetricSource source, V2CrossVersionObjectReference target, CancellationToken cancellationToken)
    {
        try
        {
            return await Source.ObjectAsync(source.Metric, Namespace, target, cancellationToken);
        }
        catch (MetricException wrong)
        {
            var message = $"unable to get metric {source.Metric.Name}: {target.Kind} on {Namespace} {target.Name}/{wrong.Message}";
            throw new MetricException(source.Target.Type == "AverageValue" ? $"failed to get {source.Metric.Name} object metric: {message}" : message);
        }
    }

    private async Task<MetricVerdict> ExternalAsync(V2ExternalMetricSource source, CancellationToken cancellationToken)
    {
        var shown = MetricText.Shown(source.Metric.Selector);
        var series = await Within(
            $"failed to get {source.Metric.Name} external metric: unable to get external metric {Namespace}/{source.Metric.Name}/{shown}",
            () => Source.ExternalAsync(source.Metric, Namespace, cancellationToken));
        var isShare = source.Target.AverageValue is not null;
        var proposal = isShare
            ? Calculation.ForShare(series.Sum(), Milli(source.Target.AverageValue), Running)
            : Calculation.ForValue(series.Sum(), Milli(source.Target.Value));
        return new MetricVerdict(proposal, $"external metric {source.Metric.Name}({shown})", new V2MetricStatus
        {
            Type = "External",
            External = new V2ExternalMetricStatus { Metric = source.Metric, Current = Current(proposal, isShare) },
        });
    }

    private static async Task<T> Within<T>(string context, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (MetricException wrong)
        {
            throw new MetricException($"{context}: {wrong.Message}");
        }
    }

    private static V2MetricValueStatus Current(Proposal proposal, bool isShare) => isShare
        ? new V2MetricValueStatus { AverageValue = Amount(proposal.MilliValue) }
        : new V2MetricValueStatus { Value = Amount(proposal.MilliValue) };

    private static long Milli(ResourceQuantity? quantity) => (long)Quantity.Parse(quantity?.ToString() ?? "0").MilliValue;

    private static ResourceQuantity Amount(long milli) => new(milli % 1000 == 0
        ? (milli / 1000).ToString(CultureInfo.InvariantCulture)
        : milli.ToString(CultureInfo.InvariantCulture) + "m");
}
