using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>
/// Which pods a metric speaks for. CPU is special: a pod that just starts burns more than it will, so its figures
/// count only when it is ready and was measured for a whole window since.
/// </summary>
/// <param name="Ready">Measured, and counted as they are.</param>
/// <param name="Unready">Not yet at work.</param>
/// <param name="Missing">At work, but nobody measured them.</param>
/// <param name="Ignored">On their way out.</param>
internal sealed record PodGroups(int Ready, IReadOnlySet<string> Unready, IReadOnlySet<string> Missing, IReadOnlySet<string> Ignored)
{
    private static readonly TimeSpan Starting = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstReadiness = TimeSpan.FromSeconds(30);

    /// <param name="resource">null: of a metric that is no resource.</param>
    public static PodGroups For(IEnumerable<V1Pod> pods, IReadOnlyDictionary<string, PodMetric> metrics, string? resource, DateTime now)
    {
        var (ready, unready, missing, ignored) = (0, Names(), Names(), Names());
        foreach (var pod in pods)
        {
            var name = pod.Metadata.Name;
            if (pod.IsDeleting() || pod.Status?.Phase == "Failed")
            {
                ignored.Add(name);
            }
            else if (pod.Status?.Phase == "Pending")
            {
                unready.Add(name);
            }
            else if (!metrics.TryGetValue(name, out var metric))
            {
                missing.Add(name);
            }
            else if (resource == "cpu" && IsUnready(pod, metric, now))
            {
                unready.Add(name);
            }
            else
            {
                ready++;
            }
        }

        return new PodGroups(ready, unready, missing, ignored);

        static HashSet<string> Names() => new(StringComparer.Ordinal);
    }

    private static bool IsUnready(V1Pod pod, PodMetric metric, DateTime now)
    {
        if (pod.Condition("Ready") is not { } condition || pod.Status?.StartTime is not { } started)
        {
            return true;
        }

        var since = condition.LastTransitionTime ?? started;
        return started + Starting > now
            ? condition.Status == "False" || metric.Time < since + metric.Window
            : condition.Status == "False" && started + FirstReadiness > since; // It has never been ready.
    }
}
