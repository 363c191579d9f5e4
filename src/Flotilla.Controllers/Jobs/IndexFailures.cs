using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>
/// How often each index of a job with a limit per index has failed. The number goes from a failed pod to the one that
/// replaces it, as an annotation; until then the failed pod is held.
/// </summary>
internal static class IndexFailures
{
    private const string CountKey = "batch.kubernetes.io/job-index-failure-count";
    private const string IgnoredKey = "batch.kubernetes.io/job-index-ignored-failure-count";

    /// <summary>The indexes that will not be tried again.</summary>
    public static SortedSet<int> Failed(V1Job job, IEnumerable<V1Pod> failed)
    {
        var indexes = CompletedIndexes.Parse(job.Status?.FailedIndexes);
        indexes.UnionWith(failed.Where(pod => IsLast(job, pod)).Select(JobPods.IndexOf).OfType<int>());
        indexes.RemoveWhere(index => index >= (job.Spec.Completions ?? 0));
        return indexes;
    }

    /// <summary>Of each index that waits for another try the pod that failed last.</summary>
    public static Dictionary<int, V1Pod> Held(IEnumerable<V1Pod> failed, IReadOnlySet<int> settled) => failed
        .Where(pod => JobPods.IndexOf(pod) is { } index && !settled.Contains(index))
        .GroupBy(pod => JobPods.IndexOf(pod)!.Value)
        .ToDictionary(pods => pods.Key, pods => pods.OrderBy(Tries).ThenBy(JobPods.EndOf).Last());

    /// <summary>How often it failed, up to and including this pod, ignored failures too.</summary>
    public static int Tries(V1Pod failed) => Number(failed, CountKey) + Number(failed, IgnoredKey) + 1;

    /// <param name="replaced">null: the first try.</param>
    public static Dictionary<string, string> Annotations(V1Job job, V1Pod? replaced)
    {
        var (count, ignored) = Count(job, replaced);
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [CountKey] = count.ToString(CultureInfo.InvariantCulture) };
        if (ignored > 0)
        {
            annotations[IgnoredKey] = ignored.ToString(CultureInfo.InvariantCulture);
        }

        return annotations;
    }

    private static bool IsLast(V1Job job, V1Pod failed) =>
        FailurePolicy.Judge(job.Spec.PodFailurePolicy, failed).FailsIndex || Count(job, failed).Count > (job.Spec.BackoffLimitPerIndex ?? 0);

    private static (int Count, int Ignored) Count(V1Job job, V1Pod? failed)
    {
        if (failed is null)
        {
            return (0, 0);
        }

        var counts = FailurePolicy.Judge(job.Spec.PodFailurePolicy, failed).Counts;
        return (Number(failed, CountKey) + (counts ? 1 : 0), Number(failed, IgnoredKey) + (counts ? 0 : 1));
    }

    private static int Number(V1Pod pod, string key) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(key, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
