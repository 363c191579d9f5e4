using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>Asks all metrics of an autoscaler; the one that proposes most wins. One that cannot be read prevents scaling down.</summary>
internal sealed class MetricRound(V2HorizontalPodAutoscaler autoscaler, MetricEvaluation evaluation, EventRecorder events, AutoscalerStatus status)
{
    private readonly List<V2MetricStatus> statuses = [];
    private readonly List<MetricFailure> failures = [];
    private MetricVerdict? best;

    /// <returns>null: nothing can be said.</returns>
    public async Task<(int Replicas, string Metric, List<V2MetricStatus> Statuses)?> ReadAsync(int current, CancellationToken cancellationToken)
    {
        foreach (var metric in autoscaler.Spec.Metrics ?? [])
        {
            await ReadAsync(metric, cancellationToken);
        }

        if (best is null || (failures.Count > 0 && best.Proposal.Replicas < current))
        {
            Refuse();
            return null;
        }

        status.ScalingActive(true, "ValidMetricFound", $"the HPA was able to successfully calculate a replica count from {best.Name}");
        return (best.Proposal.Replicas, best.Name, statuses);
    }

    private async Task ReadAsync(V2MetricSpec metric, CancellationToken cancellationToken)
    {
        try
        {
            var verdict = await evaluation.ReadAsync(metric, cancellationToken);
            statuses.Add(verdict.Status);
            if (best is null || verdict.Proposal.Replicas > best.Proposal.Replicas)
            {
                best = verdict;
            }
        }
        catch (MetricFailure failure)
        {
            events.Record(autoscaler, "Warning", failure.Reason, failure.Cause);
            failures.Add(failure);
            statuses.Add(new V2MetricStatus { Type = "" });
        }
    }

    private void Refuse()
    {
        if (failures.Count == 0)
        {
            return;
        }

        var first = failures[0];
        status.ScalingActive(false, first.Reason, $"the HPA was unable to compute the replica count: {first.Cause}");
        events.Record(
            autoscaler, "Warning", "FailedComputeMetricsReplicas",
            $"invalid metrics ({failures.Count} invalid out of {autoscaler.Spec.Metrics.Count}), first error is: {first.Message}");
    }
}
