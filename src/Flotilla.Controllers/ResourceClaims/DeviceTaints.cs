using System.Collections.Concurrent;
using k8s.Models;

namespace Flotilla.Controllers.ResourceClaims;

/// <summary>The taints of devices under which no pod may stay, as the newest generation of each pool tells them. Any thread may ask.</summary>
internal sealed class DeviceTaints
{
    private readonly ConcurrentDictionary<(string Driver, string Pool, string Device, string Taint), DateTime> seen = new();

    /// <summary>Each with its time: its own word, else when it was first seen here.</summary>
    public IReadOnlyList<V1DeviceTaint> Of(IEnumerable<V1ResourceSlice> pool, string device, DateTime now)
    {
        var slices = pool.ToList();
        var newest = slices.Count == 0 ? 0 : slices.Max(slice => slice.Spec.Pool.Generation);
        return
        [
            .. slices.Where(slice => slice.Spec.Pool.Generation == newest)
                .SelectMany(slice => (slice.Spec.Devices ?? []).Where(one => one.Name == device).SelectMany(one => one.Taints ?? []), (slice, taint) => (slice, taint))
                .Where(found => found.taint.Effect == "NoExecute")
                .Select(found => found.taint.TimeAdded is null ? found.taint with { TimeAdded = Seen(found.slice, device, found.taint, now) } : found.taint),
        ];
    }

    /// <summary>What a pool no longer says counts anew when it is said again.</summary>
    public void Keep(string driver, string pool, IEnumerable<V1ResourceSlice> slices)
    {
        var present = slices.SelectMany(slice => slice.Spec.Devices ?? []).SelectMany(device => (device.Taints ?? []).Select(taint => (device.Name, KeyOf(taint)))).ToHashSet();
        foreach (var key in seen.Keys.Where(key => key.Driver == driver && key.Pool == pool && !present.Contains((key.Device, key.Taint))))
        {
            seen.TryRemove(key, out _);
        }
    }

    private DateTime Seen(V1ResourceSlice slice, string device, V1DeviceTaint taint, DateTime now) =>
        seen.GetOrAdd((slice.Spec.Driver, slice.Spec.Pool.Name, device, KeyOf(taint)), now);

    private static string KeyOf(V1DeviceTaint taint) => $"{taint.Key}={taint.Value}:{taint.Effect}";
}
