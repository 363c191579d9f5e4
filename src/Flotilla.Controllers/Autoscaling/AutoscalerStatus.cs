using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>The status that one look at an autoscaler leaves behind.</summary>
internal sealed class AutoscalerStatus(V2HorizontalPodAutoscaler autoscaler, DateTime now)
{
    private readonly List<V2HorizontalPodAutoscalerCondition> conditions = [.. autoscaler.Status?.Conditions ?? []];
    private int current = autoscaler.Status?.CurrentReplicas ?? 0;
    private int desired = autoscaler.Status?.DesiredReplicas ?? 0;
    private DateTime? lastScale = autoscaler.Status?.LastScaleTime;
    private IList<V2MetricStatus>? metrics = autoscaler.Status?.CurrentMetrics;

    public V2HorizontalPodAutoscalerStatus Result => new()
    {
        CurrentReplicas = current == 0 ? null : current,
        DesiredReplicas = desired,
        LastScaleTime = lastScale,
        CurrentMetrics = metrics,
        Conditions = conditions,
        ObservedGeneration = autoscaler.Status?.ObservedGeneration,
    };

    public void AbleToScale(bool isAble, string reason, string message) => Set("AbleToScale", isAble, reason, message);

    public void ScalingActive(bool isActive, string reason, string message) => Set("ScalingActive", isActive, reason, message);

    public void ScalingLimited(bool isLimited, Reason reason) => Set("ScalingLimited", isLimited, reason.Name, reason.Message);

    public void Replicas(int value) => current = value;

    /// <param name="read">null: none were read this time.</param>
    public void Finish(int currentReplicas, int desiredReplicas, IList<V2MetricStatus>? read, bool hasRescaled)
    {
        (current, desired, metrics) = (currentReplicas, desiredReplicas, read);
        lastScale = hasRescaled ? now : lastScale;
    }

    private void Set(string type, bool isTrue, string reason, string message)
    {
        var status = isTrue ? "True" : "False";
        var at = conditions.FindIndex(condition => condition.Type == type);
        var since = at >= 0 && conditions[at].Status == status ? conditions[at].LastTransitionTime : now;
        var condition = new V2HorizontalPodAutoscalerCondition { Type = type, Status = status, Reason = reason, Message = message, LastTransitionTime = since };
        if (at < 0)
        {
            conditions.Add(condition);
        }
        else
        {
            conditions[at] = condition;
        }
    }
}
