using k8s.Models;

namespace Flotilla.Controllers.ResourceClaims;

/// <summary>The taints of devices under which no pod may stay, as the newest generation of each pool tells them. Pure.</summary>
internal static class DeviceTaints
{
    /// <summary>Each with its time, which the server fills in; slices of before it did so count from their creation.</summary>
    public static IReadOnlyList<V1DeviceTaint> Of(IEnumerable<V1ResourceSlice> pool, string device)
    {
        var slices = pool.ToList();
        var newest = slices.Count == 0 ? 0 : slices.Max(slice => slice.Spec.Pool.Generation);
        return
        [
            .. slices.Where(slice => slice.Spec.Pool.Generation == newest)
                .SelectMany(slice => (slice.Spec.Devices ?? []).Where(one => one.Name == device).SelectMany(one => one.Taints ?? []), (slice, taint) => (slice, taint))
                .Where(found => found.taint.Effect == "NoExecute")
                .Select(found => found.taint with { TimeAdded = found.taint.TimeAdded ?? found.slice.Metadata.CreationTimestamp }),
        ];
    }
}
