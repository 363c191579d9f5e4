using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>The devices of one driver that one node can reach, of the pool's newest generation.</summary>
internal sealed class DevicePool
{
    private DevicePool(string driver, string name, IReadOnlyList<V1ResourceSlice> slices, NodeInfo node)
    {
        Driver = driver;
        Name = name;
        IsIncomplete = slices.Count != slices[0].Spec.Pool.ResourceSliceCount;
        Devices = [.. slices
            .Where(slice => slice.Spec.PerDeviceNodeSelection == true || Reaches(slice.Spec.NodeName, slice.Spec.NodeSelector, slice.Spec.AllNodes, node))
            .SelectMany(slice => (slice.Spec.Devices ?? []).Select(device => new PooledDevice(this, slice, device)))
            .Where(device => device.Slice.Spec.PerDeviceNodeSelection != true || Reaches(device.Device.NodeName, device.Device.NodeSelector, device.Device.AllNodes, node))];
        Counters = slices
            .SelectMany(slice => slice.Spec.SharedCounters ?? [])
            .SelectMany(set => (set.Counters ?? new Dictionary<string, V1Counter>(StringComparer.Ordinal)).Select(counter => (Key: (set.Name, counter.Key), counter.Value.Value)))
            .ToDictionary(counter => counter.Key, counter => counter.Value.ToDecimal());
        All = [.. slices.SelectMany(slice => slice.Spec.Devices ?? [])];
    }

    public string Driver { get; }

    public string Name { get; }

    /// <summary>The driver is still publishing it: nothing is allocated from it meanwhile.</summary>
    public bool IsIncomplete { get; }

    public IReadOnlyList<PooledDevice> Devices { get; }

    /// <summary>What partitions of the same hardware share, by (set, counter).</summary>
    public IReadOnlyDictionary<(string Set, string Counter), decimal> Counters { get; }

    /// <summary>Every device, also those out of the node's reach.</summary>
    public IReadOnlyList<V1Device> All { get; }

    public static IReadOnlyList<DevicePool> For(NodeInfo node, DeviceCatalog catalog) =>
        [.. catalog.Slices
            .GroupBy(slice => (slice.Spec.Driver, slice.Spec.Pool.Name))
            .Select(pool =>
            {
                var newest = pool.Max(slice => slice.Spec.Pool.Generation);
                return new DevicePool(pool.Key.Driver, pool.Key.Name, [.. pool.Where(slice => slice.Spec.Pool.Generation == newest)], node);
            })
            .Where(pool => pool.Devices.Count > 0)
            .OrderBy(pool => pool.Driver, StringComparer.Ordinal).ThenBy(pool => pool.Name, StringComparer.Ordinal)];

    private static bool Reaches(string? nodeName, V1NodeSelector? selector, bool? allNodes, NodeInfo node) =>
        allNodes == true || nodeName == node.Name || NodeMatcher.From(selector)?.Matches(node) == true;
}

internal sealed record PooledDevice(DevicePool Pool, V1ResourceSlice Slice, V1Device Device)
{
    public DeviceId Id => new(Pool.Driver, Pool.Name, Device.Name);

    public bool IsShared => Device.AllowMultipleAllocations == true;

    /// <summary>An attribute by its full name; one of the driver's own may leave the domain out.</summary>
    public V1DeviceAttribute? Attribute(string name)
    {
        var attributes = Device.Attributes ?? new Dictionary<string, V1DeviceAttribute>(StringComparer.Ordinal);
        if (attributes.TryGetValue(name, out var found))
        {
            return found;
        }

        var own = Pool.Driver + "/";
        return name.StartsWith(own, StringComparison.Ordinal) && attributes.TryGetValue(name[own.Length..], out found) ? found : null;
    }
}
