using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

internal sealed record Reason(string Name, string Message);

/// <summary>What remains of a recommendation after stabilization, rates and bounds.</summary>
/// <param name="Limit">Why it is not what the stabilized recommendation said, or that it is.</param>
internal sealed record Restraint(int Replicas, Reason Stabilized, bool IsLimited, Reason Limit)
{
    private const int DefaultDownWindow = 300;
    private static readonly Reason Ready = new("ReadyForNewScale", "recommended size matches current size");
    private static readonly Reason Down = new(
        "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation");

    private static readonly Reason Up = new(
        "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation");

    private static readonly Reason Within = new("DesiredWithinRange", "the desired count is within the acceptable range");
    private static readonly Reason TooMany = new("TooManyReplicas", "the desired replica count is more than the maximum replica count");
    private static readonly Reason TooFew = new("TooFewReplicas", "the desired replica count is less than the minimum replica count");
    private static readonly Reason UpRate = new("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
    private static readonly Reason DownRate = new("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

    /// <summary>Also notes the recommendation in the history.</summary>
    public static Restraint On(V2HorizontalPodAutoscalerSpec spec, ScaleHistory history, int current, int wanted, DateTime now)
    {
        var stable = spec.Behavior is null ? Highest(history, wanted, now) : Between(spec.Behavior, history, current, wanted, now);
        history.Recommended(wanted, now);
        var held = spec.Behavior is not null && wanted >= current ? Up : Down;
        var (replicas, limit) = Limited(spec, history, current, stable, now);
        return new Restraint(replicas, stable == wanted ? Ready : held, replicas != stable, limit);
    }

    private static int Highest(ScaleHistory history, int wanted, DateTime now) =>
        Math.Max(wanted, history.Within(DefaultDownWindow, now).DefaultIfEmpty(wanted).Max());

    /// <summary>Up no further than the lowest of its window, down no further than the highest of its own.</summary>
    private static int Between(V2HorizontalPodAutoscalerBehavior behavior, ScaleHistory history, int current, int wanted, DateTime now)
    {
        var lowest = history.Within(behavior.ScaleUp?.StabilizationWindowSeconds ?? 0, now).Append(wanted).Min();
        var highest = history.Within(behavior.ScaleDown?.StabilizationWindowSeconds ?? DefaultDownWindow, now).Append(wanted).Max();
        return Math.Min(Math.Max(current, lowest), highest);
    }

    private static (int Replicas, Reason Limit) Limited(
        V2HorizontalPodAutoscalerSpec spec, ScaleHistory history, int current, int wanted, DateTime now)
    {
        var (least, most) = (spec.MinReplicas ?? 1, spec.MaxReplicas);
        if (spec.Behavior is null)
        {
            var fastest = ScalingRules.DefaultUpLimit(current);
            return wanted < least ? (least, TooFew)
                : wanted > Math.Min(most, fastest) ? (Math.Min(most, fastest), most > fastest ? UpRate : TooMany)
                : (wanted, Within);
        }

        if (wanted > current && spec.Behavior.ScaleUp is { } up)
        {
            var fastest = Math.Max(current, ScalingRules.UpLimit(current, history.Rescales, up, now));
            return wanted > Math.Min(most, fastest) ? (Math.Min(most, fastest), most > fastest ? UpRate : TooMany) : (wanted, Within);
        }

        if (wanted < current && spec.Behavior.ScaleDown is { } down)
        {
            var fastest = Math.Min(current, ScalingRules.DownLimit(current, history.Rescales, down, now));
            return wanted < Math.Max(least, fastest) ? (Math.Max(least, fastest), least < fastest ? DownRate : TooFew) : (wanted, Within);
        }

        return (wanted, Within);
    }
}
