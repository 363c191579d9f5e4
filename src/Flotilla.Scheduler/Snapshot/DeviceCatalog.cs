using Flotilla.Api;
using Flotilla.Scheduler.Devices;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>Devices that drivers publish, classes of them, and claims to them with what was promised but is not written yet.</summary>
public sealed class DeviceCatalog
{
    /// <summary>Before the name of a class: a resource that every class has.</summary>
    private const string ImplicitResource = "deviceclass.resource.kubernetes.io/";

    private readonly Dictionary<string, V1DeviceClass> classes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, V1ResourceSlice> slices = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, Resourcev1ResourceClaim> claims = [];
    private readonly Dictionary<string, V1AllocationResult> promised = new(StringComparer.Ordinal);

    public IEnumerable<V1ResourceSlice> Slices => slices.Values;

    public V1DeviceClass? Class(string name) => classes.GetValueOrDefault(name);

    public Resourcev1ResourceClaim? Claim(ObjectKey key) => claims.GetValueOrDefault(key);

    /// <summary>The class whose devices a resource is, when it is any's; of several the newest, then the first by name.</summary>
    public V1DeviceClass? ClassFor(string resource) => resource.StartsWith(ImplicitResource, StringComparison.Ordinal)
        ? Class(resource[ImplicitResource.Length..])
        : classes.Values.Where(one => one.Spec.ExtendedResourceName == resource)
            .OrderByDescending(one => one.Metadata.CreationTimestamp).ThenBy(one => one.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>The claim that was made for a pod's extended resources.</summary>
    public Resourcev1ResourceClaim? ExtendedClaimOf(string podUid) => claims.Values.FirstOrDefault(claim => ExtendedOwner(claim) == podUid);

    public void Set(V1DeviceClass value) => classes[value.Metadata.Name] = value;

    public void Set(V1ResourceSlice value) => slices[value.Metadata.Name] = value;

    public void Set(ObjectKey key, Resourcev1ResourceClaim value)
    {
        claims[key] = value;
        if (value.Status?.Allocation is not null)
        {
            promised.Remove(value.Metadata.Uid);
            if (ExtendedOwner(value) is { } podUid)
            {
                promised.Remove(ExtendedClaim.PromiseOf(podUid));
            }
        }
    }

    public void RemoveClass(string name) => classes.Remove(name);

    public void RemoveSlice(string name) => slices.Remove(name);

    public void RemoveClaim(ObjectKey key)
    {
        if (claims.Remove(key, out var claim))
        {
            promised.Remove(claim.Metadata.Uid);
        }
    }

    /// <summary>An allocation that a decision has made and PreBind will write.</summary>
    public void Promise(string claimUid, V1AllocationResult allocation) => promised[claimUid] = allocation;

    public void TakeBack(string claimUid) => promised.Remove(claimUid);

    public bool IsPromised(string claimUid) => promised.ContainsKey(claimUid);

    public V1AllocationResult? PromiseFor(string claimUid) => promised.GetValueOrDefault(claimUid);

    /// <summary>Devices that somebody has to himself, written or promised. Admin access takes nothing away.</summary>
    public HashSet<DeviceId> Taken()
    {
        HashSet<DeviceId> taken = [];
        foreach (var device in Given)
        {
            if (device.AdminAccess != true && device.ShareID is null)
            {
                taken.Add(new DeviceId(device.Driver, device.Pool, device.Device));
            }
        }

        return taken;
    }

    /// <summary>What is given away of devices that several have a share of, by capacity, written or promised.</summary>
    public Dictionary<DeviceId, Dictionary<string, decimal>> Shared()
    {
        Dictionary<DeviceId, Dictionary<string, decimal>> shared = [];
        foreach (var device in Given.Where(device => device.AdminAccess != true && device.ShareID is not null))
        {
            var id = new DeviceId(device.Driver, device.Pool, device.Device);
            var used = shared.TryGetValue(id, out var known) ? known : shared[id] = new(StringComparer.Ordinal);
            foreach (var (name, amount) in device.ConsumedCapacity ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
            {
                used[name] = used.GetValueOrDefault(name) + amount.ToDecimal();
            }
        }

        return shared;
    }

    private IEnumerable<V1DeviceRequestAllocationResult> Given =>
        claims.Values.Select(claim => claim.Status?.Allocation).OfType<V1AllocationResult>().Concat(promised.Values).SelectMany(allocation => allocation.Devices?.Results ?? []);

    /// <summary>Whether an extended resource comes from a device class on this node, instead of being a number the node reports.</summary>
    public bool Provides(string resource, NodeInfo node) => node.Allocatable.Extended.GetValueOrDefault(resource) == 0 && ClassFor(resource) is not null;

    private static string? ExtendedOwner(Resourcev1ResourceClaim claim) =>
        claim.Metadata.Annotations is { } annotations && annotations.TryGetValue(ExtendedClaim.Annotation, out var isExtended) && isExtended == "true"
            ? claim.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true)?.Uid
            : null;
}
