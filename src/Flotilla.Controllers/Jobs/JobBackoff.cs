using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>Ten seconds after a failure, doubled with each one in a row, up to ten minutes.</summary>
internal static class JobBackoff
{
    private const double FirstSeconds = 10;
    private const double LastSeconds = 600;

    /// <returns>What is left of the wait; zero or less: none.</returns>
    public static TimeSpan AfterAll(IEnumerable<V1Pod> succeeded, IEnumerable<V1Pod> failed, DateTime now)
    {
        var lastSuccess = succeeded.Max(JobPods.EndOf);
        var failures = failed.Select(JobPods.EndOf).Where(end => lastSuccess is null || end > lastSuccess).ToList();
        return failures.Count == 0 ? TimeSpan.Zero : After(failures.Count, failures.Max(), now);
    }

    /// <param name="last">The pod of the index that failed last; null: none did.</param>
    public static TimeSpan AfterIndex(V1Pod? last, DateTime now) =>
        last is null ? TimeSpan.Zero : After(IndexFailures.Tries(last), JobPods.EndOf(last), now);

    private static TimeSpan After(int failures, DateTime? last, DateTime now) =>
        last is { } end ? end.AddSeconds(Math.Min(LastSeconds, FirstSeconds * Math.Pow(2, failures - 1))) - now : TimeSpan.Zero;
}
