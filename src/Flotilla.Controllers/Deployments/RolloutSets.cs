using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>A Deployment's sets: the one with the present template, if there is one, and all others.</summary>
internal sealed record RolloutSets(V1ReplicaSet? New, IReadOnlyList<V1ReplicaSet> Old)
{
    public static RolloutSets For(V1Deployment deployment, IEnumerable<V1ReplicaSet> sets)
    {
        // Should two have the same template, the older one is it, always.
        var byAge = sets.OrderBy(set => set.Metadata.CreationTimestamp).ThenBy(set => set.Metadata.Name, StringComparer.Ordinal).ToList();
        var newest = byAge.Find(set => TemplateHash.AreSame(set.Spec.Template, deployment.Spec.Template));
        return new RolloutSets(newest, [.. byAge.Where(set => set != newest)]);
    }

    public IEnumerable<V1ReplicaSet> All => New is null ? Old : Old.Append(New);

    public IEnumerable<V1ReplicaSet> ActiveOld => Old.Where(set => Size(set) > 0);

    public int TotalSize => All.Sum(Size);

    public static int Size(V1ReplicaSet set) => set.Spec.Replicas ?? 1;

    public static int Available(V1ReplicaSet set) => set.Status?.AvailableReplicas ?? 0;

    public RolloutSets With(V1ReplicaSet changed) => New?.Metadata.Uid == changed.Metadata.Uid
        ? this with { New = changed }
        : this with { Old = [.. Old.Select(set => set.Metadata.Uid == changed.Metadata.Uid ? changed : set)] };
}

/// <summary>One set to be resized.</summary>
internal readonly record struct Resize(V1ReplicaSet Set, int To);
