using System.Globalization;
using Flotilla.Node.Pods;
using Flotilla.Node.Placement;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Devices;

/// <summary>
/// Gives devices to containers: when a pod is admitted it gets all it asks for, or none of it. A container that starts
/// again keeps its devices.
/// </summary>
/// <param name="machine">Its NUMA nodes.</param>
internal sealed class DeviceManager(DeviceInventory inventory, DeviceLedger ledger, NumaMask machine) : IPlacedResource, IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Number of devices, and of those that are healthy, by resource.</summary>
    public IReadOnlyDictionary<string, (int All, int Healthy)> Counts() => inventory.Counts();

    public async Task KeepOnlyAsync(IReadOnlySet<string> podUids, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            ledger.KeepOnly(podUids);
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>> HintsAsync(V1Pod pod, V1Container? container, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var wanted = container is not null ? Wanted(container)
                : Containers(pod).SelectMany(Wanted).Select(one => one.Resource).Distinct(StringComparer.Ordinal)
                    .Select(resource => (resource, (int)PodLimits.Total(pod, one => PodLimits.Quantity(one.Resources?.Limits, resource) ?? 0)));
            return wanted.Where(one => one.Item2 > 0).ToDictionary(one => one.Item1, one => HintsFor(pod, container, one.Item1, one.Item2), StringComparer.Ordinal);
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task<string?> GiveAsync(V1Pod pod, V1Container container, TopologyHint where, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            foreach (var (resource, count) in Wanted(container))
            {
                if (await GiveAsync(pod, container, resource, count, where, cancellationToken) is { } lack)
                {
                    return lack;
                }
            }

            return null;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Nothing to do: the next pod that is admitted finds them free.</summary>
    public Task TakeBackAsync(string podUid, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What a container was given; its plugins have made it ready.</summary>
    /// <exception cref="ContainerException">A plugin refuses.</exception>
    public async Task<IReadOnlyList<DeviceGrant>> PrepareAsync(V1Pod pod, V1Container container, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var grants = ledger.Of(pod.Metadata.Uid, container.Name).ToList();
            foreach (var grant in grants.Where(grant => inventory.Of(grant.Resource).Plugin is not null))
            {
                await inventory.Of(grant.Resource).Plugin!.PreStartAsync(grant.Devices, cancellationToken);
            }

            return grants;
        }
        catch (RpcException refused)
        {
            throw new ContainerException("PreStartHookError", $"device plugin PreStartContainer rpc failed with err: {refused.Status.Detail}", refused);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>How the devices are that a container was given, as its status tells it; null: it has none. Any thread may ask.</summary>
    public IList<V1ResourceStatus>? HealthOf(string podUid, string container)
    {
        var grants = ledger.Of(podUid, container).ToList();
        return grants.Count == 0 ? null :
        [
            .. grants.OrderBy(grant => grant.Resource, StringComparer.Ordinal).Select(grant => new V1ResourceStatus
            {
                Name = grant.Resource,
                Resources = [.. grant.Devices.Order(StringComparer.Ordinal).Select(device => new V1ResourceHealth { ResourceID = device, Health = inventory.HealthOf(grant.Resource, device) })],
            }),
        ];
    }

    /// <summary>Whether a pod was given any.</summary>
    public bool Has(string podUid) => ledger.Of(podUid).Any();

    /// <summary>All that a pod was given.</summary>
    public async Task<IReadOnlyList<DeviceGrant>> GrantsAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return [.. ledger.Of(pod.Metadata.Uid)];
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    private static IEnumerable<V1Container> Containers(V1Pod pod) => (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers);

    private IEnumerable<(string Resource, int Count)> Wanted(V1Container container) => (container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
        .Where(limit => limit.Key.Contains('/', StringComparison.Ordinal) && inventory.Knows(limit.Key))
        .Select(limit => (limit.Key, (int)limit.Value.ToDecimal()));

    private IReadOnlyList<TopologyHint>? HintsFor(V1Pod pod, V1Container? container, string resource, int count)
    {
        var places = inventory.Places(resource);
        if (!places.Values.Any(place => place is not null))
        {
            return null;
        }

        var own = ledger.Of(pod.Metadata.Uid).Where(grant => grant.Resource == resource && (container is null || grant.Container == container.Name)).SelectMany(grant => grant.Devices).ToHashSet(StringComparer.Ordinal);
        if (own.Count > 0)
        {
            return own.Count == count ? Hints(places, own, [], count) : [];
        }

        var reusable = container is null ? [] : Reusable(pod, container, resource);
        var (taken, healthy) = (ledger.Taken(resource), inventory.Of(resource).Healthy.Select(device => device.ID));
        var free = healthy.Where(id => !taken.Contains(id)).ToHashSet(StringComparer.Ordinal);
        return free.Count + reusable.Count < count ? [] : Hints(places, free, reusable, count);
    }

    private IReadOnlyList<TopologyHint> Hints(IReadOnlyDictionary<string, NumaMask?> places, HashSet<string> free, HashSet<string> reusable, int count) => TopologyHint.For(
        machine, count,
        nodes => places.Values.Count(place => place?.Overlaps(nodes) == true),
        nodes => reusable.All(id => places.GetValueOrDefault(id)?.Overlaps(nodes) != false)
            ? reusable.Concat(free).Count(id => places.GetValueOrDefault(id)?.Overlaps(nodes) == true)
            : null);

    private async Task<string?> GiveAsync(V1Pod pod, V1Container container, string resource, int count, TopologyHint where, CancellationToken cancellationToken)
    {
        if (count == 0 || ledger.Of(pod.Metadata.Uid, container.Name).Any(grant => grant.Resource == resource))
        {
            return null;
        }

        var (plugin, healthy) = inventory.Of(resource);
        var (taken, reusable) = (ledger.Taken(resource), Reusable(pod, container, resource));
        var free = healthy.Select(device => device.ID).Where(id => !taken.Contains(id) || reusable.Contains(id)).Order(StringComparer.Ordinal).ToList();
        if (plugin is null || free.Count < count)
        {
            return string.Create(CultureInfo.InvariantCulture, $"requested number of devices unavailable for {resource}. Requested: {count}, Available: {free.Count}");
        }

        var places = inventory.Places(resource);
        var near = where.Nodes is { } nodes ? free.Where(id => places.GetValueOrDefault(id)?.Overlaps(nodes) == true).ToList() : [];
        try
        {
            var chosen = await ChooseAsync(plugin, free, near, reusable, count, cancellationToken);
            ledger.Add(Grant(pod, container, resource, chosen, await plugin.AllocateAsync(chosen, cancellationToken)));
            return null;
        }
        catch (RpcException refused)
        {
            return $"rpc error: code = {refused.StatusCode} desc = {refused.Status.Detail}";
        }
    }

    // What an init container had that is done before the others start.
    private HashSet<string> Reusable(V1Pod pod, V1Container container, string resource)
    {
        var before = (pod.Spec.InitContainers ?? []).TakeWhile(init => init.Name != container.Name).Where(init => init.RestartPolicy != "Always").Select(init => init.Name).ToHashSet(StringComparer.Ordinal);
        var grants = ledger.Of(pod.Metadata.Uid).Where(grant => grant.Resource == resource).ToList();
        var kept = grants.Where(grant => !before.Contains(grant.Container)).SelectMany(grant => grant.Devices);
        return grants.Where(grant => before.Contains(grant.Container)).SelectMany(grant => grant.Devices).Except(kept, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
    }

    // The plugin chooses among those that lie where they should; when they do not suffice all of them are taken, and it chooses the rest.
    private static async Task<List<string>> ChooseAsync(IDevicePlugin plugin, List<string> free, List<string> near, HashSet<string> reusable, int count, CancellationToken cancellationToken)
    {
        var included = free.Where(reusable.Contains).Take(count).ToList();
        var close = near.Except(included, StringComparer.Ordinal).ToList();
        var suffice = count - included.Count < close.Count;
        var choice = suffice ? [.. included, .. close] : free;
        included = suffice ? included : [.. included.Concat(close).Take(count)];
        var preferred = (await plugin.PreferAsync(choice, included, count, cancellationToken)).Where(choice.Contains);
        return [.. included.Concat(preferred).Concat(choice).Distinct(StringComparer.Ordinal).Take(count)];
    }

    private static DeviceGrant Grant(V1Pod pod, V1Container container, string resource, List<string> devices, ContainerAllocateResponse answer) => new(pod.Metadata.Uid, container.Name, resource, devices)
    {
        Environment = answer.Envs.ToDictionary(StringComparer.Ordinal),
        Annotations = answer.Annotations.ToDictionary(StringComparer.Ordinal),
        Mounts = [.. answer.Mounts.Select(mount => new GrantedMount(mount.ContainerPath, mount.HostPath, mount.ReadOnly))],
        Nodes = [.. answer.Devices.Select(node => new GrantedNode(node.ContainerPath, node.HostPath, node.Permissions))],
        Names = [.. answer.CdiDevices.Select(device => device.Name)],
    };
}
