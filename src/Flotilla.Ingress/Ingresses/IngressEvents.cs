using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Ingress.Ingresses;

/// <summary>Events about Ingresses: each version is told once, and each problem once as long as it lasts.</summary>
internal sealed class IngressEvents(EventRecorder recorder)
{
    private Dictionary<string, (long? Generation, HashSet<string> Problems)> told = new(StringComparer.Ordinal);

    /// <param name="more">Problems that are not the model's.</param>
    public void Tell(IngressModel model, Func<V1Ingress, IEnumerable<string>> more)
    {
        var now = new Dictionary<string, (long?, HashSet<string>)>(StringComparer.Ordinal);
        foreach (var ingress in model.Ingresses)
        {
            var problems = (model.Problems.GetValueOrDefault(ingress.Key()) ?? []).Concat(more(ingress)).ToHashSet(StringComparer.Ordinal);
            var known = told.GetValueOrDefault(ingress.Metadata.Uid);
            if (known.Generation != ingress.Metadata.Generation)
            {
                recorder.Record(ingress, "Normal", "Sync", "Scheduled for sync");
            }

            foreach (var problem in problems.Where(problem => known.Problems?.Contains(problem) != true))
            {
                recorder.Record(ingress, "Warning", "Rejected", problem);
            }

            now[ingress.Metadata.Uid] = (ingress.Metadata.Generation, problems);
        }

        told = now;
    }
}
