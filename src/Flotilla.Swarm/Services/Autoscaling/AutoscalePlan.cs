using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Services.Autoscaling;

/// <summary>The HorizontalPodAutoscaler that a service's labels ask for. Pure.</summary>
internal static class AutoscalePlan
{
    private const int UsualCpuPercent = 80;

    /// <summary>null: it is not scaled by itself.</summary>
    public static V2HorizontalPodAutoscaler? For(SwarmService service)
    {
        var spec = service.Read;
        return ServiceLabels.NumberOf(spec, ServiceLabels.AutoscaleMax) is not { } most || spec.Mode?.Replicated is null ? null : new V2HorizontalPodAutoscaler
        {
            ApiVersion = "autoscaling/v2",
            Kind = "HorizontalPodAutoscaler",
            Metadata = new V1ObjectMeta
            {
                Name = service.Metadata.Name,
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string> { [SwarmApi.Managed] = "autoscaler" },
                OwnerReferences =
                [
                    new V1OwnerReference { ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmService", Name = service.Metadata.Name, Uid = service.Metadata.Uid, Controller = true, BlockOwnerDeletion = true },
                ],
            },
            Spec = new V2HorizontalPodAutoscalerSpec
            {
                MinReplicas = ServiceLabels.NumberOf(spec, ServiceLabels.AutoscaleMin) ?? 1,
                MaxReplicas = most,
                ScaleTargetRef = new V2CrossVersionObjectReference { ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmService", Name = service.Metadata.Name },
                Metrics = [.. Metrics(spec)],
            },
        };
    }

    /// <summary>
    /// The number of tasks that was chosen, where a new spec does not ask for another one than its user asked for before, and takes
    /// it; null: the spec has the last word.
    /// </summary>
    /// <param name="asked">By the user before; null: that is not known, or nobody asks for a number.</param>
    public static ulong? Kept(ServiceSpec current, ServiceSpec next, ulong? asked)
    {
        if (current.Mode?.Replicated is not { } now || next.Mode?.Replicated is not { } wanted
            || ServiceLabels.NumberOf(current, ServiceLabels.AutoscaleMax) is null || ServiceLabels.NumberOf(next, ServiceLabels.AutoscaleMax) is not { } most)
        {
            return null;
        }

        var (chosen, least) = (now.Replicas ?? 1, ServiceLabels.NumberOf(next, ServiceLabels.AutoscaleMin) ?? 1);
        return (asked is null || (wanted.Replicas ?? 1) == asked) && chosen >= (ulong)least && chosen <= (ulong)most ? chosen : null;
    }

    public static bool IsCurrent(V2HorizontalPodAutoscaler current, V2HorizontalPodAutoscaler wanted) =>
        current.Spec.MinReplicas == wanted.Spec.MinReplicas && current.Spec.MaxReplicas == wanted.Spec.MaxReplicas
        && (current.Spec.Metrics ?? []).Select(Key).SequenceEqual(wanted.Spec.Metrics.Select(Key));

    private static (string?, int?) Key(V2MetricSpec metric) => (metric.Resource?.Name, metric.Resource?.Target.AverageUtilization);

    private static IEnumerable<V2MetricSpec> Metrics(ServiceSpec spec)
    {
        var (cpu, memory) = (ServiceLabels.NumberOf(spec, ServiceLabels.AutoscaleCpu), ServiceLabels.NumberOf(spec, ServiceLabels.AutoscaleMemory));
        if ((cpu ?? (memory is null ? UsualCpuPercent : null)) is { } percent)
        {
            yield return Metric("cpu", percent);
        }

        if (memory is { } share)
        {
            yield return Metric("memory", share);
        }
    }

    private static V2MetricSpec Metric(string resource, int percent) => new()
    {
        Type = "Resource",
        Resource = new V2ResourceMetricSource { Name = resource, Target = new V2MetricTarget { Type = "Utilization", AverageUtilization = percent } },
    };
}
