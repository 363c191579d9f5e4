using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>How many pods a rolling update may have too many and too few.</summary>
internal static class RolloutMath
{
    public static bool IsRolling(V1Deployment deployment) => deployment.Spec.Strategy?.Type is not "Recreate";

    public static int Desired(V1Deployment deployment) => deployment.Spec.Replicas ?? 1;

    public static int MaxSurge(V1Deployment deployment) => Fenceposts(deployment).Surge;

    public static int MaxUnavailable(V1Deployment deployment)
    {
        var desired = Desired(deployment);
        return desired == 0 ? 0 : Math.Min(Fenceposts(deployment).Unavailable, desired);
    }

    public static int MinAvailable(V1Deployment deployment) => Desired(deployment) - MaxUnavailable(deployment);

    /// <summary>The size of the new set for now, so that all sets together stay within the surge.</summary>
    public static int NewSetSize(V1Deployment deployment, int newSize, int allSizes)
    {
        var desired = Desired(deployment);
        if (!IsRolling(deployment))
        {
            return desired;
        }

        var room = desired + MaxSurge(deployment) - allSizes;
        return room <= 0 ? newSize : newSize + Math.Min(room, desired - newSize);
    }

    private static (int Surge, int Unavailable) Fenceposts(V1Deployment deployment)
    {
        if (!IsRolling(deployment))
        {
            return (0, 0);
        }

        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = Resolve(rolling?.MaxSurge, Desired(deployment), roundUp: true);
        var unavailable = Resolve(rolling?.MaxUnavailable, Desired(deployment), roundUp: false);

        // Both may round to nothing; without any room a rollout could not begin.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }

    private static int Resolve(IntOrString? value, int total, bool roundUp)
    {
        var text = value?.Value ?? "25%";
        if (!text.EndsWith('%'))
        {
            return int.Parse(text, CultureInfo.InvariantCulture);
        }

        var share = int.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture) * (long)total;
        return (int)((share + (roundUp ? 99 : 0)) / 100);
    }
}
