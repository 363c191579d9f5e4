using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>Whether the indexes that succeeded are enough, by the job's own rules.</summary>
internal static class SuccessPolicy
{
    /// <returns>Which rule is met, in words; null: none.</returns>
    public static string? Met(V1SuccessPolicy? policy, IReadOnlySet<int> succeeded)
    {
        foreach (var (index, rule) in (policy?.Rules ?? []).Index())
        {
            if (succeeded.Count > 0 && IsMet(rule, succeeded))
            {
                return $"Matched rules at index {index}";
            }
        }

        return null;
    }

    private static bool IsMet(V1SuccessPolicyRule rule, IReadOnlySet<int> succeeded)
    {
        if (rule.SucceededIndexes is null)
        {
            return rule.SucceededCount <= succeeded.Count;
        }

        var wanted = CompletedIndexes.Parse(rule.SucceededIndexes);
        var reached = wanted.Count(succeeded.Contains);
        return wanted.Count > 0 && reached >= (rule.SucceededCount ?? wanted.Count);
    }
}
