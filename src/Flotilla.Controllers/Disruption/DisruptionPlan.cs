using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Disruption;

/// <summary>What a budget's status should say, and when that will change by itself.</summary>
internal sealed record DisruptionPlan(V1PodDisruptionBudgetStatus Status, IReadOnlyList<V1Pod> NotDeleted, TimeSpan? Recheck)
{
    private const string Condition = "DisruptionAllowed";

    // An evicted pod that is still there after so long will probably stay.
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    /// <param name="scale">How many pods the owners of these pods want altogether; not asked when the budget names a number.</param>
    public static DisruptionPlan For(V1PodDisruptionBudget budget, IReadOnlyCollection<V1Pod> pods, int scale, DateTime now)
    {
        var (expected, desired) = Wanted(budget.Spec, pods.Count, scale);
        var (disrupted, late, recheck) = Disrupted(budget, pods, now);
        var healthy = pods.Count(pod => !pod.IsDeleting() && !disrupted.ContainsKey(pod.Metadata.Name) && pod.IsReady());
        var status = new V1PodDisruptionBudgetStatus
        {
            CurrentHealthy = healthy,
            DesiredHealthy = desired,
            ExpectedPods = expected,
            DisruptionsAllowed = expected <= 0 ? 0 : Math.Max(0, healthy - desired),
            DisruptedPods = disrupted.Count > 0 ? disrupted : null,
            ObservedGeneration = budget.Metadata.Generation,
        };
        status.Conditions = Conditions(budget.Status, status.DisruptionsAllowed > 0 ? "True" : "False", status.DisruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods", "", status.ObservedGeneration, now);
        return new DisruptionPlan(status, late, recheck);
    }

    /// <summary>Nothing may be disrupted while it is unknown how many pods there should be.</summary>
    public static V1PodDisruptionBudgetStatus Failed(V1PodDisruptionBudget budget, string why, DateTime now)
    {
        var old = budget.Status;
        return new V1PodDisruptionBudgetStatus
        {
            CurrentHealthy = old?.CurrentHealthy ?? 0,
            DesiredHealthy = old?.DesiredHealthy ?? 0,
            ExpectedPods = old?.ExpectedPods ?? 0,
            DisruptionsAllowed = 0,
            DisruptedPods = old?.DisruptedPods,
            ObservedGeneration = budget.Metadata.Generation,
            Conditions = Conditions(old, "False", "SyncFailed", why, budget.Metadata.Generation, now),
        };
    }

    public static bool NeedsScale(V1PodDisruptionBudgetSpec spec) => spec.MaxUnavailable is not null || spec.MinAvailable?.Value.EndsWith('%') == true;

    public static bool AreSame(V1PodDisruptionBudgetStatus? left, V1PodDisruptionBudgetStatus right) =>
        left is not null
        && left.CurrentHealthy == right.CurrentHealthy
        && left.DesiredHealthy == right.DesiredHealthy
        && left.ExpectedPods == right.ExpectedPods
        && left.DisruptionsAllowed == right.DisruptionsAllowed
        && left.ObservedGeneration == right.ObservedGeneration
        && (left.DisruptedPods?.Keys ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(right.DisruptedPods?.Keys ?? [])
        && (left.Conditions ?? []).Select(Essence).SequenceEqual((right.Conditions ?? []).Select(Essence));

    private static (int Expected, int Desired) Wanted(V1PodDisruptionBudgetSpec spec, int pods, int scale)
    {
        if (spec.MaxUnavailable is { } most)
        {
            return (scale, Math.Max(0, scale - Scaled(most.Value, scale)));
        }

        return spec.MinAvailable is not { } least ? (0, 0) : NeedsScale(spec) ? (scale, Scaled(least.Value, scale)) : (pods, Scaled(least.Value, pods));
    }

    // Percentages are rounded up, of what may be missing and of what must be there.
    private static int Scaled(string value, int total) => value.EndsWith('%')
        ? (int)Math.Ceiling(int.Parse(value.AsSpan(0, value.Length - 1), System.Globalization.CultureInfo.InvariantCulture) * total / 100m)
        : int.Parse(value, System.Globalization.CultureInfo.InvariantCulture);

    private static (Dictionary<string, DateTime?> Disrupted, List<V1Pod> Late, TimeSpan? Recheck) Disrupted(V1PodDisruptionBudget budget, IEnumerable<V1Pod> pods, DateTime now)
    {
        var (kept, late) = (new Dictionary<string, DateTime?>(StringComparer.Ordinal), new List<V1Pod>());
        TimeSpan? recheck = null;
        foreach (var pod in pods.Where(pod => !pod.IsDeleting()))
        {
            if (budget.Status?.DisruptedPods is not { } disrupted || !disrupted.TryGetValue(pod.Metadata.Name, out var marked) || marked is not { } since)
            {
                continue;
            }

            var left = since + DeletionTimeout - now;
            if (left < TimeSpan.Zero)
            {
                late.Add(pod);
                continue;
            }

            kept[pod.Metadata.Name] = since;
            recheck = recheck is { } sooner && sooner < left ? sooner : left;
        }

        return (kept, late, recheck);
    }

    private static List<V1Condition> Conditions(V1PodDisruptionBudgetStatus? old, string state, string reason, string message, long? generation, DateTime now)
    {
        var before = old?.Conditions?.FirstOrDefault(condition => condition.Type == Condition);
        var others = (old?.Conditions ?? []).Where(condition => condition.Type != Condition);
        var own = new V1Condition
        {
            Type = Condition,
            Status = state,
            Reason = reason,
            Message = message,
            ObservedGeneration = generation,
            LastTransitionTime = before?.Status == state ? before.LastTransitionTime : now,
        };
        return [.. others, own];
    }

    private static (string, string, string, string, long?) Essence(V1Condition condition) => (condition.Type, condition.Status, condition.Reason, condition.Message, condition.ObservedGeneration);
}
