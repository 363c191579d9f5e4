using k8s.Models;
using static Flotilla.Controllers.Deployments.RolloutSets;

namespace Flotilla.Controllers.Deployments;

/// <summary>
/// Scaling while paused or amid a rollout: all sets grow or shrink in proportion, so that the rollout stays
/// about as far as it was.
/// </summary>
internal static class ProportionalScaling
{
    /// <summary>Whether the Deployment was scaled since its active sets were.</summary>
    public static bool IsNeeded(V1Deployment deployment, RolloutSets sets) => sets.All.Any(set =>
        Size(set) > 0 && Revisions.DesiredReplicasOf(set) is { } known && known != RolloutMath.Desired(deployment));

    public static IReadOnlyList<Resize> For(V1Deployment deployment, RolloutSets sets)
    {
        var desired = RolloutMath.Desired(deployment);
        var active = sets.All.Where(set => Size(set) > 0).ToList();
        if (active.Count <= 1)
        {
            var only = active.FirstOrDefault() ?? sets.New ?? sets.Old.MaxBy(set => set.Metadata.CreationTimestamp);
            return only is null ? [] : [new Resize(only, desired)];
        }

        if (IsSaturated(deployment, sets.New))
        {
            return [.. sets.ActiveOld.Select(set => new Resize(set, 0))];
        }

        return RolloutMath.IsRolling(deployment) ? Distribute(deployment, active) : [];
    }

    private static List<Resize> Distribute(V1Deployment deployment, List<V1ReplicaSet> active)
    {
        var desired = RolloutMath.Desired(deployment);
        var allowed = desired > 0 ? desired + RolloutMath.MaxSurge(deployment) : 0;
        var toAdd = allowed - active.Sum(Size);

        // The largest first; among equals growth favours the newer, shrinking takes from the older.
        var order = toAdd > 0
            ? active.OrderByDescending(Size).ThenByDescending(set => set.Metadata.CreationTimestamp)
            : active.OrderByDescending(Size).ThenBy(set => set.Metadata.CreationTimestamp);
        var sizes = new List<Resize>();
        var added = 0;
        foreach (var set in order)
        {
            var share = toAdd == 0 ? 0 : Bound(Share(deployment, set), toAdd - added);
            added += share;
            sizes.Add(new Resize(set, Size(set) + share));
        }

        // What rounding left over goes to the largest.
        sizes[0] = sizes[0] with { To = Math.Max(0, sizes[0].To + toAdd - added) };
        return sizes;
    }

    private static int Bound(int share, int left) => left > 0 ? Math.Min(share, left) : left < 0 ? Math.Max(share, left) : 0;

    private static int Share(V1Deployment deployment, V1ReplicaSet set)
    {
        var desired = RolloutMath.Desired(deployment);
        if (desired == 0)
        {
            return -Size(set);
        }

        var before = Revisions.MaxReplicasOf(set) is { } known and > 0 ? known : deployment.Status?.Replicas ?? 0;
        if (before == 0)
        {
            return 0;
        }

        var scaled = Size(set) * (double)(desired + RolloutMath.MaxSurge(deployment)) / before;
        return (int)Math.Round(scaled, MidpointRounding.AwayFromZero) - Size(set);
    }

    private static bool IsSaturated(V1Deployment deployment, V1ReplicaSet? set)
    {
        var desired = RolloutMath.Desired(deployment);
        return set is not null && Size(set) == desired && Revisions.DesiredReplicasOf(set) == desired && Available(set) == desired;
    }
}
