using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>How many replicas were added, or removed where negative.</summary>
internal readonly record struct Rescale(DateTime Time, int Change);

/// <summary>How fast a target may grow and shrink.</summary>
internal static class ScalingRules
{
    public static int UpLimit(int current, IReadOnlyCollection<Rescale> past, V2HPAScalingRules rules, DateTime now) => Limit(
        current, rules, takesLargest: rules.SelectPolicy != "Min", policy => policy.Type == "Percent"
            ? (int)Math.Ceiling(AtStart(current, past, policy, now) * (1 + (policy.Value / 100.0)))
            : AtStart(current, past, policy, now) + policy.Value);

    public static int DownLimit(int current, IReadOnlyCollection<Rescale> past, V2HPAScalingRules rules, DateTime now) => Limit(
        current, rules, takesLargest: rules.SelectPolicy == "Min", policy => policy.Type == "Percent"
            ? (int)(AtStart(current, past, policy, now) * (1 - (policy.Value / 100.0)))
            : AtStart(current, past, policy, now) - policy.Value);

    /// <summary>Twice as many, and at least four.</summary>
    public static int DefaultUpLimit(int current) => Math.Max(2 * current, 4);

    private static int Limit(int current, V2HPAScalingRules rules, bool takesLargest, Func<V2HPAScalingPolicy, int> allowed)
    {
        if (rules.SelectPolicy == "Disabled" || rules.Policies is not { Count: > 0 } policies)
        {
            return current;
        }

        return takesLargest ? policies.Max(allowed) : policies.Min(allowed);
    }

    /// <summary>The replicas when a policy's present period began.</summary>
    private static int AtStart(int current, IReadOnlyCollection<Rescale> past, V2HPAScalingPolicy policy, DateTime now) =>
        current - past.Where(rescale => rescale.Time > now.AddSeconds(-policy.PeriodSeconds)).Sum(rescale => rescale.Change);
}
