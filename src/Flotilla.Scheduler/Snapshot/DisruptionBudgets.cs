using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>How many more pods of a kind may be disturbed.</summary>
public sealed class DisruptionBudgets
{
    private readonly Dictionary<ObjectKey, (V1PodDisruptionBudget Budget, LabelMatcher Pods)> budgets = [];

    public void Set(ObjectKey key, V1PodDisruptionBudget budget) => budgets[key] = (budget, LabelMatcher.From(budget.Spec?.Selector));

    public void Remove(ObjectKey key) => budgets.Remove(key);

    /// <summary>Of pods in the order given, those that may not be disturbed once the ones before them are.</summary>
    public IReadOnlyList<PodInfo> Violated(IReadOnlyList<PodInfo> pods)
    {
        if (budgets.Count == 0)
        {
            return [];
        }

        var left = budgets.ToDictionary(budget => budget.Key, budget => budget.Value.Budget.Status?.DisruptionsAllowed ?? 0);
        return [.. pods.Where(pod => IsViolated(pod, left))];
    }

    private bool IsViolated(PodInfo pod, Dictionary<ObjectKey, int> left)
    {
        var violated = false;
        foreach (var (key, (budget, matcher)) in budgets)
        {
            // A pod without labels and an empty selector belong to no budget, and one whose eviction was already counted counts no more.
            if (key.Namespace == pod.Namespace && pod.Labels.Count > 0 && matcher.Requirements.Count > 0 && matcher.Matches(pod.Labels)
                && budget.Status?.DisruptedPods?.ContainsKey(pod.Key.Name) != true)
            {
                violated |= --left[key] < 0;
            }
        }

        return violated;
    }
}
