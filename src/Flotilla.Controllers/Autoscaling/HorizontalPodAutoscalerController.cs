using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Quantities;
using Flotilla.Api.Selectors;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>Looks at each autoscaler's metrics now and then, and scales its target accordingly.</summary>
internal sealed class HorizontalPodAutoscalerController : Controller
{
    private const double DefaultTolerance = 0.1;

    private readonly Informer<V2HorizontalPodAutoscaler> autoscalers;
    private readonly Informer<V1Pod> pods;
    private readonly RecentWrites<V2HorizontalPodAutoscaler> writes;
    private readonly TargetScale scales;
    private readonly IMetricSource metrics;
    private readonly ConcurrentDictionary<ObjectKey, ScaleHistory> histories = new();
    private readonly ConcurrentDictionary<ObjectKey, LabelSelector> selectors = new();

    /// <param name="metrics">null: the metrics APIs.</param>
    public HorizontalPodAutoscalerController(ControllerContext context, IMetricSource? metrics = null)
        : base(context, "horizontal-pod-autoscaler", workers: 5)
    {
        scales = new TargetScale(context.Client, context.Time);
        this.metrics = metrics ?? new ApiMetrics(context.Client, scales.ResourceOfAsync);
        autoscalers = Watch<V2HorizontalPodAutoscaler>();
        autoscalers.Subscribe(change => Queue.AddAfter(change.Latest.Key(), Options.AutoscalerPeriod));
        writes = new RecentWrites<V2HorizontalPodAutoscaler>(autoscalers, context.Time);
        pods = Watch<V1Pod>();
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (autoscalers.Get(key) is not { } cached)
        {
            histories.TryRemove(key, out _);
            selectors.TryRemove(key, out _);
            return;
        }

        var autoscaler = writes.Newest(cached);
        var status = new AutoscalerStatus(autoscaler, Now);
        try
        {
            await ScaleAsync(autoscaler, status, cancellationToken);
        }
        finally
        {
            await WriteStatusAsync(autoscaler, status.Result, cancellationToken);
            Queue.AddAfter(key, Options.AutoscalerPeriod);
        }
    }

    private async Task ScaleAsync(V2HorizontalPodAutoscaler autoscaler, AutoscalerStatus status, CancellationToken cancellationToken)
    {
        if (await FindScaleAsync(autoscaler, status, cancellationToken) is not var (path, scale))
        {
            return;
        }

        status.AbleToScale(true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        var current = scale.Spec?.Replicas ?? 0;
        var history = histories.GetOrAdd(autoscaler.Key(), _ => new ScaleHistory(current, Now));
        if (await DecideAsync(autoscaler, scale, history, status, cancellationToken) is not { } decision)
        {
            status.Replicas(current);
            return;
        }

        if (decision.Replicas == current)
        {
            status.Finish(current, current, decision.Metrics, hasRescaled: false);
            return;
        }

        if (await RescaleAsync(autoscaler, path, scale, decision, status, cancellationToken))
        {
            history.Rescaled(decision.Replicas - current, Now);
            status.Finish(current, decision.Replicas, decision.Metrics, hasRescaled: true);
        }
        else
        {
            status.Replicas(current);
        }
    }

    private async Task<(string Path, V1Scale Scale)?> FindScaleAsync(
        V2HorizontalPodAutoscaler autoscaler, AutoscalerStatus status, CancellationToken cancellationToken)
    {
        try
        {
            return await scales.GetAsync(autoscaler.Metadata.NamespaceProperty, autoscaler.Spec.ScaleTargetRef, cancellationToken);
        }
        catch (Exception failure) when (failure is ApiException or MetricException)
        {
            Events.Record(autoscaler, "Warning", "FailedGetScale", failure.Message);
            status.AbleToScale(false, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {failure.Message}");
            return null;
        }
    }

    /// <returns>null: the metrics do not tell.</returns>
    private async Task<Decision?> DecideAsync(
        V2HorizontalPodAutoscaler autoscaler, V1Scale scale, ScaleHistory history, AutoscalerStatus status, CancellationToken cancellationToken)
    {
        var (current, least, most) = (scale.Spec?.Replicas ?? 0, autoscaler.Spec.MinReplicas ?? 1, autoscaler.Spec.MaxReplicas);
        if (current == 0 && least != 0)
        {
            status.ScalingActive(false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
            return new Decision(0, "", null);
        }

        if (current > most)
        {
            return new Decision(most, "Current number of replicas above Spec.MaxReplicas", null);
        }

        if (current < least)
        {
            return new Decision(least, "Current number of replicas below Spec.MinReplicas", null);
        }

        if (await ProposeAsync(autoscaler, scale, status, cancellationToken) is not { } proposal)
        {
            return null;
        }

        var reason = proposal.Replicas > current ? $"{proposal.Metric} above target" : proposal.Replicas < current ? "All metrics below target" : "";
        var restraint = Restraint.On(autoscaler.Spec, history, current, proposal.Replicas, Now);
        status.AbleToScale(true, restraint.Stabilized.Name, restraint.Stabilized.Message);
        status.ScalingLimited(restraint.IsLimited, restraint.Limit);
        return new Decision(restraint.Replicas, reason, proposal.Statuses);
    }

    private async Task<(int Replicas, string Metric, List<V2MetricStatus> Statuses)?> ProposeAsync(
        V2HorizontalPodAutoscaler autoscaler, V1Scale scale, AutoscalerStatus status, CancellationToken cancellationToken)
    {
        if (PodsOf(autoscaler, scale, status) is not { } selected)
        {
            return null;
        }

        var tolerance = new Tolerance(ToleranceOf(autoscaler.Spec.Behavior?.ScaleUp), ToleranceOf(autoscaler.Spec.Behavior?.ScaleDown));
        var calculation = new ReplicaCalculation(selected, scale.Spec?.Replicas ?? 0, tolerance, Time.GetUtcNow().UtcDateTime);
        var evaluation = new MetricEvaluation(
            metrics, calculation, autoscaler.Metadata.NamespaceProperty, scale.Status.Selector, scale.Status.Replicas);
        return await new MetricRound(autoscaler, evaluation, Events, status).ReadAsync(calculation.Current, cancellationToken);
    }

    private List<V1Pod>? PodsOf(V2HorizontalPodAutoscaler autoscaler, V1Scale scale, AutoscalerStatus status)
    {
        var text = scale.Status?.Selector;
        if (string.IsNullOrEmpty(text))
        {
            return Invalid("SelectorRequired", "InvalidSelector", "selector is required", "the HPA target's scale is missing a selector");
        }

        var selector = LabelSelector.Parse(text); // The API made it: it can be read.
        selectors[autoscaler.Key()] = selector;
        var selected = pods.List(autoscaler.Metadata.NamespaceProperty).Where(pod => selector.Matches(pod.Metadata.Labels)).ToList();
        var rivals = selectors
            .Where(pair => pair.Key.Namespace == autoscaler.Metadata.NamespaceProperty && selected.Exists(pod => pair.Value.Matches(pod.Metadata.Labels)))
            .Select(pair => $"{{{pair.Key.Name} {pair.Key.Namespace}}}")
            .Order(StringComparer.Ordinal)
            .ToList();
        if (rivals.Count > 1)
        {
            var ambiguous = $"pods by selector {text} are controlled by multiple HPAs: [{string.Join(' ', rivals)}]";
            return Invalid("AmbiguousSelector", "AmbiguousSelector", ambiguous, ambiguous);
        }

        return selected;

        List<V1Pod>? Invalid(string happened, string reason, string message, string condition)
        {
            Events.Record(autoscaler, "Warning", happened, message);
            status.ScalingActive(false, reason, condition);
            Events.Record(autoscaler, "Warning", "FailedComputeMetricsReplicas", message);
            return null;
        }
    }

    private async Task<bool> RescaleAsync(
        V2HorizontalPodAutoscaler autoscaler, string path, V1Scale scale, Decision decision, AutoscalerStatus status, CancellationToken cancellationToken)
    {
        try
        {
            await scales.SetAsync(path, scale, decision.Replicas, cancellationToken);
            status.AbleToScale(true, "SucceededRescale", $"the HPA controller was able to update the target scale to {decision.Replicas}");
            Events.Record(autoscaler, "Normal", "SuccessfulRescale", $"New size: {decision.Replicas}; reason: {decision.Reason}");
            return true;
        }
        catch (ApiException refused)
        {
            Events.Record(autoscaler, "Warning", "FailedRescale", $"New size: {decision.Replicas}; reason: {decision.Reason}; error: {refused.Message}");
            status.AbleToScale(false, "FailedUpdateScale", $"the HPA controller was unable to update the target scale: {refused.Message}");
            return false;
        }
    }

    private async Task WriteStatusAsync(V2HorizontalPodAutoscaler autoscaler, V2HorizontalPodAutoscalerStatus status, CancellationToken cancellationToken)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(ObjectJson.Encode(autoscaler.Status)), JsonNode.Parse(ObjectJson.Encode(status))))
        {
            var changed = autoscaler with { ApiVersion = "autoscaling/v2", Kind = "HorizontalPodAutoscaler", Status = status };
            writes.Wrote(await Client.UpdateStatusAsync(changed, cancellationToken));
        }
    }

    private static double ToleranceOf(V2HPAScalingRules? rules) => rules?.Tolerance is { } tolerance
        ? (double)Quantity.Parse(tolerance.ToString()).MilliValue / 1000
        : DefaultTolerance;

    private sealed record Decision(int Replicas, string Reason, IList<V2MetricStatus>? Metrics);
}
