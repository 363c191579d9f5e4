using k8s.Models;
using static Flotilla.Controllers.Deployments.RolloutSets;

namespace Flotilla.Controllers.Deployments;

/// <summary>The next step of a rollout. Each is small enough that availability is judged anew after it.</summary>
internal static class Rollout
{
    /// <param name="sets">With the new set, which exists already.</param>
    public static IReadOnlyList<Resize> RollingStep(V1Deployment deployment, RolloutSets sets)
    {
        var size = Size(sets.New!);
        var wanted = size > RolloutMath.Desired(deployment)
            ? RolloutMath.Desired(deployment)
            : RolloutMath.NewSetSize(deployment, size, sets.TotalSize);
        return wanted != size ? [new Resize(sets.New!, wanted)] : ShrinkOld(deployment, sets);
    }

    /// <summary>All old pods must be gone before the first new one is made.</summary>
    public static IReadOnlyList<Resize> RecreateStep(V1Deployment deployment, RolloutSets sets, bool oldPodsRun)
    {
        var shrink = sets.ActiveOld.Select(set => new Resize(set, 0)).ToList();
        return shrink.Count > 0 || oldPodsRun || sets.New is not { } set || Size(set) == RolloutMath.Desired(deployment)
            ? shrink
            : [new Resize(set, RolloutMath.Desired(deployment))];
    }

    private static List<Resize> ShrinkOld(V1Deployment deployment, RolloutSets sets)
    {
        var newUnavailable = Size(sets.New!) - Available(sets.New!);
        var mayGo = sets.TotalSize - RolloutMath.MinAvailable(deployment) - newUnavailable;
        var sizes = sets.ActiveOld.ToDictionary(set => set, Size);
        if (mayGo <= 0 || sizes.Count == 0)
        {
            return [];
        }

        // Pods that serve nobody first: that costs no availability.
        foreach (var set in sets.ActiveOld)
        {
            mayGo -= Shrink(set, Math.Min(mayGo, Size(set) - Available(set)));
        }

        // A status may lag behind a step just taken, the sizes do not: the number that may go bounds this too.
        var spare = Math.Min(mayGo, sets.All.Sum(Available) - RolloutMath.MinAvailable(deployment));
        foreach (var set in sets.ActiveOld)
        {
            spare -= Shrink(set, spare);
        }

        return [.. sizes.Where(entry => entry.Value != Size(entry.Key)).Select(entry => new Resize(entry.Key, entry.Value))];

        int Shrink(V1ReplicaSet set, int wanted)
        {
            var count = Math.Clamp(wanted, 0, sizes[set]);
            sizes[set] -= count;
            return count;
        }
    }
}
