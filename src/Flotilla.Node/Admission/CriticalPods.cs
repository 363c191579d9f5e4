using System.Globalization;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Pods without which the cluster or the node would not work: for them others have to go. Pure.</summary>
internal static class CriticalPods
{
    private const int SystemPriority = 2_000_000_000;

    public static bool IsCritical(V1Pod pod) => StaticPods.IsStatic(pod) || pod.Spec.Priority >= SystemPriority;

    /// <param name="lacks">What is lacking for the pod, by resource.</param>
    /// <returns>The pods that must go, as few and as little as possible, those of the lowest quality of service first; null: all that may go are not enough.</returns>
    public static IReadOnlyList<V1Pod>? MakeRoom(V1Pod pod, IEnumerable<V1Pod> others, IReadOnlyDictionary<string, decimal> lacks)
    {
        var classes = others.Where(other => MayGo(other, pod)).ToLookup(QualityOfService.Of, StringComparer.Ordinal);
        var (bestEffort, burstable, guaranteed) = (classes[QualityOfService.BestEffort].ToList(), classes[QualityOfService.Burstable].ToList(), classes[QualityOfService.Guaranteed].ToList());
        if (Rest(lacks, [.. bestEffort, .. burstable, .. guaranteed]).Count > 0)
        {
            return null;
        }
        var best = Choose(guaranteed, Rest(lacks, [.. bestEffort, .. burstable]));
        var middle = Choose(burstable, Rest(lacks, [.. bestEffort, .. best]));
        return [.. Choose(bestEffort, Rest(lacks, [.. middle, .. best])), .. middle, .. best];
    }

    public static string Describe(IReadOnlyDictionary<string, decimal> lacks) =>
        "[" + string.Concat(lacks.Select(lack => string.Create(CultureInfo.InvariantCulture, $"(res: {lack.Key}, q: {(long)(lack.Key == "cpu" ? lack.Value * 1000 : lack.Value)}), "))) + "]";

    private static bool MayGo(V1Pod other, V1Pod pod) => (IsCritical(pod) && !IsCritical(other)) || (pod.Spec.Priority ?? 0) > (other.Spec.Priority ?? 0);

    private static List<V1Pod> Choose(List<V1Pod> pods, Dictionary<string, decimal> lacks)
    {
        var (left, chosen) = (pods.ToList(), new List<V1Pod>());
        while (Rest(lacks, chosen).Count > 0)
        {
            var rest = Rest(lacks, chosen);
            var next = left.OrderBy(pod => Distance(rest, pod)).ThenBy(pod => Amount(pod, "memory")).ThenBy(pod => Amount(pod, "cpu")).First();
            left.Remove(next);
            chosen.Add(next);
        }
        return chosen;
    }

    // How far a pod alone is from giving what is lacking.
    private static decimal Distance(Dictionary<string, decimal> lacks, V1Pod pod) => lacks.Sum(lack =>
    {
        var missing = Math.Max(0, lack.Value - Amount(pod, lack.Key)) / lack.Value;
        return missing * missing;
    });

    private static Dictionary<string, decimal> Rest(IEnumerable<KeyValuePair<string, decimal>> lacks, IReadOnlyCollection<V1Pod> gone) =>
        lacks.Select(lack => (lack.Key, Value: lack.Value - gone.Sum(pod => Amount(pod, lack.Key))))
            .Where(lack => lack.Value > 0)
            .ToDictionary(lack => lack.Key, lack => lack.Value, StringComparer.Ordinal);

    private static decimal Amount(V1Pod pod, string resource) => resource == "pods" ? 1 : PodRequests.Of(pod, resource);
}
