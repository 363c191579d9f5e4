using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>
/// Finds devices on one node for all requests of several claims at once, trying further where a choice leads nowhere.
/// All or nothing; leaves the catalog alone.
/// </summary>
internal sealed class DeviceAllocator(DeviceCatalog catalog, DeviceSelectors selectors, IReadOnlyList<Resourcev1ResourceClaim> claims)
{
    /// <summary>What the API lets one claim hold.</summary>
    private const int MaxResults = 32;

    private readonly HashSet<DeviceId> taken = catalog.Taken();
    private readonly Dictionary<DeviceId, Dictionary<string, decimal>> shared = catalog.Shared();

    /// <returns>One allocation for each claim, in order; null when they do not all fit.</returns>
    /// <exception cref="DeviceSelectorException">A selector cannot be evaluated.</exception>
    public IReadOnlyList<V1AllocationResult>? Allocate(NodeInfo node, DateTime now)
    {
        var search = new Search(DevicePool.For(node, catalog), new HashSet<DeviceId>(taken), shared);
        return Solve(search, 0, 0) ? [.. claims.Select((claim, index) => AllocationResults.For(claim, search.Of(index), node, catalog, now))] : null;
    }

    private bool Solve(Search search, int claimIndex, int requestIndex)
    {
        if (claimIndex == claims.Count)
        {
            return true;
        }

        var requests = claims[claimIndex].Spec.Devices?.Requests ?? [];
        if (requestIndex == requests.Count)
        {
            return search.CountOf(claimIndex) <= MaxResults && Solve(search, claimIndex + 1, 0);
        }

        foreach (var request in WantedDevice.AlternativesOf(requests[requestIndex]))
        {
            if (Fill(search, claimIndex, requestIndex, request))
            {
                return true;
            }
        }

        return false;
    }

    private bool Fill(Search search, int claimIndex, int requestIndex, WantedDevice wanted)
    {
        if (!wanted.All)
        {
            return Pick(search, claimIndex, requestIndex, wanted, wanted.Count, 0);
        }

        if (search.Pools.Any(pool => pool.IsIncomplete))
        {
            return false;
        }

        // Every device that matches, or the request is not met.
        var matching = search.Pools.SelectMany(pool => pool.Devices).Where(device => Matches(claimIndex, wanted, device)).ToList();
        var used = 0;
        var fits = matching.Count > 0 && matching.TrueForAll(device => TryUse(search, claimIndex, wanted, device, ref used));
        if (fits && Solve(search, claimIndex, requestIndex + 1))
        {
            return true;
        }

        search.Undo(used);
        return false;
    }

    private bool Pick(Search search, int claimIndex, int requestIndex, WantedDevice wanted, long left, int from)
    {
        if (left == 0)
        {
            return Solve(search, claimIndex, requestIndex + 1);
        }

        for (var i = from; i < search.Usable.Count; i++)
        {
            var device = search.Usable[i];
            var used = 0;
            if (!Matches(claimIndex, wanted, device) || !TryUse(search, claimIndex, wanted, device, ref used))
            {
                continue;
            }

            // Devices of one request are interchangeable: the next is looked for behind this one, unless it has shares left.
            if (Pick(search, claimIndex, requestIndex, wanted, left - 1, device.IsShared ? i : i + 1))
            {
                return true;
            }

            search.Undo(used);
        }

        return false;
    }

    private bool TryUse(Search search, int claimIndex, WantedDevice wanted, PooledDevice device, ref int used)
    {
        if (DeviceShares.Of(device.Device, wanted.Capacity) is not { } shares
            || (!wanted.AdminAccess && (search.Taken.Contains(device.Id) || !search.HasShares(device, shares) || !search.HasCounters(device)))
            || !DeviceConstraints.Allow(claims[claimIndex], search.Of(claimIndex), wanted, device))
        {
            return false;
        }

        search.Use(claimIndex, new ChosenDevice(wanted, device, device.IsShared ? shares : null));
        used++;
        return true;
    }

    private bool Matches(int claimIndex, WantedDevice wanted, PooledDevice device)
    {
        if (!(device.Device.Taints ?? []).All(taint => taint.Effect is not ("NoSchedule" or "NoExecute") || wanted.Tolerates(taint)))
        {
            return false;
        }

        var claim = claims[claimIndex].Metadata;
        return selectors.Match(catalog.Class(wanted.ClassName)?.Spec.Selectors, device.Pool.Driver, device.Device, $"class {wanted.ClassName}")
            && selectors.Match(wanted.Selectors, device.Pool.Driver, device.Device, $"claim {claim.NamespaceProperty}/{claim.Name}, request {wanted.Name}");
    }

    /// <summary>What has been chosen so far, in order, so that it can be taken back from the end.</summary>
    private sealed class Search(IReadOnlyList<DevicePool> pools, HashSet<DeviceId> taken, IReadOnlyDictionary<DeviceId, Dictionary<string, decimal>> shared)
    {
        private readonly List<(int Claim, ChosenDevice Chosen)> chosen = [];

        public IReadOnlyList<DevicePool> Pools => pools;

        public IReadOnlyList<PooledDevice> Usable { get; } = [.. pools.Where(pool => !pool.IsIncomplete).SelectMany(pool => pool.Devices)];

        public HashSet<DeviceId> Taken => taken;

        public IReadOnlyList<ChosenDevice> Of(int claim) => [.. chosen.Where(one => one.Claim == claim).Select(one => one.Chosen)];

        public int CountOf(int claim) => chosen.Count(one => one.Claim == claim);

        public void Use(int claim, ChosenDevice one)
        {
            chosen.Add((claim, one));
            if (TakesAll(one))
            {
                taken.Add(one.Device.Id);
            }
        }

        /// <summary>Whether what others have of the device leaves as much.</summary>
        public bool HasShares(PooledDevice device, IReadOnlyDictionary<string, ResourceQuantity> shares) => shares.All(share =>
            device.Device.Capacity[share.Key].Value.ToDecimal() >= share.Value.ToDecimal() + (shared.GetValueOrDefault(device.Id)?.GetValueOrDefault(share.Key) ?? 0)
                + chosen.Where(one => one.Chosen.Device.Id == device.Id && !one.Chosen.Wanted.AdminAccess).Sum(one => one.Chosen.Shares?[share.Key].ToDecimal() ?? 0));

        public void Undo(int count)
        {
            foreach (var (_, undone) in chosen.TakeLast(count).Where(one => TakesAll(one.Chosen)))
            {
                taken.Remove(undone.Device.Id);
            }

            chosen.RemoveRange(chosen.Count - count, count);
        }

        /// <summary>Whether what partitions share still suffices for one more.</summary>
        public bool HasCounters(PooledDevice device)
        {
            // One that others have a share of has its part of them already.
            if (device.Device.ConsumesCounters is not { Count: > 0 } || IsInUse(device.Id))
            {
                return true;
            }

            var left = new Dictionary<(string, string), decimal>(device.Pool.Counters);
            var users = device.Pool.All.Where(one => IsInUse(new DeviceId(device.Pool.Driver, device.Pool.Name, one.Name))).Append(device.Device);
            foreach (var (set, counter, amount) in users.SelectMany(Consumption))
            {
                left[(set, counter)] = left.GetValueOrDefault((set, counter)) - amount;
            }

            return left.Values.All(amount => amount >= 0);
        }

        private static bool TakesAll(ChosenDevice one) => !one.Wanted.AdminAccess && one.Shares is null;

        private bool IsInUse(DeviceId id) => taken.Contains(id) || shared.ContainsKey(id) || chosen.Exists(one => one.Chosen.Device.Id == id && !one.Chosen.Wanted.AdminAccess);

        private static IEnumerable<(string Set, string Counter, decimal Amount)> Consumption(V1Device device) =>
            from set in device.ConsumesCounters ?? []
            from counter in set.Counters ?? new Dictionary<string, V1Counter>(StringComparer.Ordinal)
            select (set.CounterSet, counter.Key, counter.Value.Value.ToDecimal());
    }
}

/// <param name="Shares">What of the device, by capacity; null: all of it.</param>
internal sealed record ChosenDevice(WantedDevice Wanted, PooledDevice Device, IReadOnlyDictionary<string, ResourceQuantity>? Shares);

/// <summary>One request, or one alternative of it.</summary>
/// <param name="Name">As results name it: <c>request</c> or <c>request/alternative</c>.</param>
/// <param name="Capacity">How much of each capacity at least.</param>
internal sealed record WantedDevice(
    string Name, string ClassName, IList<V1DeviceSelector>? Selectors, bool All, long Count, bool AdminAccess, IList<V1DeviceToleration>? Tolerations,
    IDictionary<string, ResourceQuantity>? Capacity)
{
    public string Request => Name.Split('/')[0];

    public static IEnumerable<WantedDevice> AlternativesOf(V1DeviceRequest request) => request.Exactly is { } exactly
        ? [new WantedDevice(request.Name, exactly.DeviceClassName, exactly.Selectors, exactly.AllocationMode == "All", exactly.Count ?? 1, exactly.AdminAccess == true, exactly.Tolerations, exactly.Capacity?.Requests)]
        : (request.FirstAvailable ?? []).Select(one => new WantedDevice(
            $"{request.Name}/{one.Name}", one.DeviceClassName, one.Selectors, one.AllocationMode == "All", one.Count ?? 1, false, one.Tolerations, one.Capacity?.Requests));

    public bool Tolerates(V1DeviceTaint taint) => (Tolerations ?? []).Any(toleration => Api.Nodes.Tolerations.Tolerates(
        new V1Toleration { Key = toleration.Key, OperatorProperty = toleration.OperatorProperty, Value = toleration.Value, Effect = toleration.Effect },
        new V1Taint { Key = taint.Key, Value = taint.Value, Effect = taint.Effect }));
}
