using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>All inter-pod terms of one pod, compiled.</summary>
public sealed record PodAffinity(
    PodTerm[] RequiredAffinity,
    PodTerm[] RequiredAntiAffinity,
    PodTerm[] PreferredAffinity,
    PodTerm[] PreferredAntiAffinity)
{
    public static readonly PodAffinity None = new([], [], [], []);

    public static PodAffinity From(V1Affinity? affinity, string podNamespace, IReadOnlyDictionary<string, string> labels)
    {
        if (affinity?.PodAffinity is null && affinity?.PodAntiAffinity is null)
        {
            return None;
        }

        return new PodAffinity(
            Required(affinity.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution),
            Required(affinity.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution),
            Preferred(affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution),
            Preferred(affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution));

        PodTerm[] Required(IList<V1PodAffinityTerm>? terms) =>
            [.. (terms ?? []).Select(term => PodTerm.From(term, podNamespace, labels))];

        PodTerm[] Preferred(IList<V1WeightedPodAffinityTerm>? terms) =>
            [.. (terms ?? []).Select(term => PodTerm.From(term.PodAffinityTerm, podNamespace, labels, term.Weight))];
    }
}
