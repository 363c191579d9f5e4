using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

internal static class PodCollectionPlan
{
    /// <summary>The oldest finished pods beyond the number to keep.</summary>
    /// <param name="kept">0: all are kept.</param>
    public static IReadOnlyList<V1Pod> SurplusFinished(IEnumerable<V1Pod> pods, int kept)
    {
        if (kept <= 0)
        {
            return [];
        }

        var finished = pods.Where(pod => pod.IsTerminal()).ToList();
        return [.. finished.OrderBy(pod => pod.Metadata.CreationTimestamp).Take(Math.Max(0, finished.Count - kept))];
    }
}
