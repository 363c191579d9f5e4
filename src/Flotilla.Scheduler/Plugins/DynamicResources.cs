using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Scheduler.Devices;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Finds devices for the pod's resource claims on each node, and allocates those of the node that is chosen.</summary>
public sealed class DynamicResources(PluginContext context)
    : IPreEnqueuePlugin, IPreFilterPlugin, IFilterPlugin, IPostFilterPlugin, IReservePlugin, IPreBindPlugin
{
    private static readonly Verdict CannotAllocate = Verdict.Never("cannot allocate all claims");
    private static readonly Verdict CannotReuse = Verdict.Never("cannot schedule extended resource claim");
    private static readonly Verdict NotAvailable = Verdict.Never("resourceclaim not available on the node");
    private readonly DeviceSelectors selectors = new();

    public string Name => "DynamicResources";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.Device | ClusterChange.PodItself;

    public Verdict PreEnqueue(PodInfo pod, ClusterSnapshot cluster) =>
        pod.Pod.Spec.ResourceClaims is { Count: > 0 } && PodClaims.Of(pod, cluster.Devices).Problem is { } problem ? Verdict.Never(problem) : Verdict.Fits;

    public PreFilterResult PreFilter(SchedulingCycle cycle)
    {
        var state = new Note();
        cycle.Set(state);
        state.Extended = ExtendedClaim.For(cycle.Pod, cycle.Cluster.Devices);
        if (cycle.Pod.Pod.Spec.ResourceClaims is not { Count: > 0 })
        {
            return PreFilterResult.AllNodes;
        }

        var (claims, problem) = PodClaims.Of(cycle.Pod, cycle.Cluster.Devices);
        if (problem is not null)
        {
            return Verdict.Never(problem);
        }

        foreach (var claim in claims)
        {
            if (Unusable(claim, cycle) is { } reason)
            {
                return Verdict.Never(reason);
            }

            if (claim.Status?.Allocation is null)
            {
                state.ToAllocate.Add(claim);
            }
        }

        state.Claims = claims;
        return PreFilterResult.AllNodes;
    }

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        if (cycle.Get<Note>() is not { IsEmpty: false } state)
        {
            return null;
        }

        if (state.Extended?.Stale is not null)
        {
            return _ => CannotReuse;
        }

        var where = state.Claims.Select(claim => (Claim: claim, Matcher: NodeMatcher.From(claim.Status?.Allocation?.NodeSelector))).Where(one => one.Matcher is not null).ToList();
        var allocators = new NodeAllocators(cycle.Cluster.Devices, selectors, state);
        var now = context.Time.GetUtcNow().UtcDateTime;
        return node =>
        {
            foreach (var (claim, matcher) in where)
            {
                if (!matcher!.Matches(node))
                {
                    state.Unavailable.Add(claim);
                    return NotAvailable;
                }
            }

            return allocators.For(node) is { } allocator ? Allocate(allocator, state, node, now) : Verdict.Fits;
        };
    }

    public PostFilterResult PostFilter(SchedulingCycle cycle, Diagnosis why, Placer placer)
    {
        if (cycle.Get<Note>() is not { } state)
        {
            // The pod was rejected before its claims were looked at, which upstream words so.
            return new PostFilterResult("not found", IsError: true);
        }

        if (state.Extended?.Stale is { } stale && context.Client is { } deleter)
        {
            return new PostFilterResult("deletion of ResourceClaim completed") { Work = token => new ClaimWriter(deleter).DeleteAsync(stale.Key(), token) };
        }

        if (state.Claims.Count == 0)
        {
            return new PostFilterResult("no new claims to deallocate");
        }

        foreach (var claim in state.Unavailable)
        {
            var others = (claim.Status?.ReservedFor ?? []).Where(consumer => consumer.Uid != cycle.Pod.Uid);
            if (!others.Any() && context.Client is { } client)
            {
                return new PostFilterResult("deallocation of ResourceClaim completed") { Work = token => new ClaimWriter(client).ReleaseAsync(claim, token) };
            }
        }

        return new PostFilterResult("still not schedulable");
    }

    public Verdict Reserve(SchedulingCycle cycle, NodeInfo node)
    {
        if (cycle.Get<Note>() is not { } state)
        {
            return Verdict.Fits;
        }

        if (!state.ByNode.TryGetValue(node.Name, out var allocations))
        {
            return state.ToAllocate.Count > 0 || state.Extended?.On(node) is not null ? Verdict.Error("claim allocation not found for node") : Verdict.Fits;
        }

        foreach (var (uid, allocation) in state.Uids.Zip(allocations))
        {
            cycle.Cluster.Devices.Promise(uid, allocation);
        }

        state.Variant = state.Extended?.On(node);
        return Verdict.Fits;
    }

    public void Unreserve(SchedulingCycle cycle, string nodeName)
    {
        foreach (var uid in cycle.Get<Note>()?.Uids ?? [])
        {
            cycle.Cluster.Devices.TakeBack(uid);
        }
    }

    public async Task<Verdict> PreBindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken)
    {
        if (cycle.Get<Note>() is not { IsEmpty: false } state || context.Client is not { } client)
        {
            return Verdict.Fits;
        }

        var writer = new ClaimWriter(client);
        List<ObjectKey> waiting = [];
        if (state.Variant is { } variant)
        {
            var allocation = state.ByNode[nodeName][^1];
            var (key, problem) = await writer.CreateAsync(variant, allocation, cycle.Pod, cancellationToken);
            if (problem is not null)
            {
                return Verdict.Error(problem);
            }

            waiting.AddRange(DeviceReadiness.Waits(allocation) ? [key] : []);
        }

        foreach (var claim in state.Claims.Where(claim => !PodClaims.IsReservedFor(claim, cycle.Pod)))
        {
            var allocation = state.ToAllocate.Contains(claim) ? AllocationOf(claim, state, nodeName) : null;
            if (await writer.BindAsync(claim.Key(), allocation, cycle.Pod, cancellationToken) is { } problem)
            {
                return Verdict.Error(problem);
            }
        }

        waiting.AddRange(state.Claims.Where(claim => DeviceReadiness.Waits(AllocationOf(claim, state, nodeName))).Select(claim => claim.Key()));
        return waiting.Count > 0 && await new DeviceReadiness(client, context.Time).WaitAsync(waiting, cancellationToken) is { } failure ? Verdict.Error(failure) : Verdict.Fits;
    }

    private static V1AllocationResult? AllocationOf(Resourcev1ResourceClaim claim, Note state, string nodeName) =>
        state.ToAllocate.IndexOf(claim) is var index and >= 0 ? state.ByNode[nodeName][index] : claim.Status?.Allocation;

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) => "free or add devices that the pod's claims ask for";

    private static string? Unusable(Resourcev1ResourceClaim claim, SchedulingCycle cycle)
    {
        if (claim.Status?.Allocation is not null)
        {
            return !PodClaims.CanBeReserved(claim) && !PodClaims.IsReservedFor(claim, cycle.Pod) ? "resourceclaim in use" : null;
        }

        if (cycle.Cluster.Devices.IsPromised(claim.Metadata.Uid))
        {
            return $"resource claim {claim.Metadata.NamespaceProperty}/{claim.Metadata.Name} is in the process of being allocated";
        }

        return (claim.Spec.Devices?.Requests ?? [])
            .SelectMany(WantedDevice.AlternativesOf)
            .Where(wanted => cycle.Cluster.Devices.Class(wanted.ClassName) is null)
            .Select(wanted => $"request {wanted.Name}: device class {wanted.ClassName} does not exist")
            .FirstOrDefault();
    }

    private static Verdict Allocate(DeviceAllocator allocator, Note state, NodeInfo node, DateTime now)
    {
        try
        {
            if (allocator.Allocate(node, now) is not { } allocations)
            {
                return CannotAllocate;
            }

            state.ByNode[node.Name] = allocations;
            return Verdict.Fits;
        }
        catch (DeviceSelectorException broken)
        {
            return Verdict.Error(broken.Message);
        }
    }

    /// <summary>An allocator for what the pod needs of claims on each node: what is its own, and what is asked of the node in other words.</summary>
    private sealed class NodeAllocators(DeviceCatalog catalog, DeviceSelectors selectors, Note state)
    {
        private readonly DeviceAllocator? common = state.ToAllocate.Count == 0 ? null : new DeviceAllocator(catalog, selectors, state.ToAllocate);
        private readonly Dictionary<ExtendedClaim.Variant, DeviceAllocator> byVariant = [];

        /// <returns>null: it needs nothing.</returns>
        public DeviceAllocator? For(NodeInfo node)
        {
            if (state.Extended?.On(node) is not { } variant)
            {
                return common;
            }

            return byVariant.TryGetValue(variant, out var known)
                ? known
                : byVariant[variant] = new DeviceAllocator(catalog, selectors, [.. state.ToAllocate, variant.Claim]);
        }
    }

    private sealed class Note
    {
        public bool IsEmpty => Claims.Count == 0 && Extended is null;

        /// <summary>null: the pod asks for nothing that comes from devices in other words.</summary>
        public ExtendedClaim? Extended { get; set; }

        /// <summary>What is asked for in other words on the node that was chosen.</summary>
        public ExtendedClaim.Variant? Variant { get; set; }

        /// <summary>Under which devices are promised, in the order of allocations.</summary>
        public IEnumerable<string> Uids => ToAllocate.Select(claim => claim.Metadata.Uid).Concat(Extended is null ? [] : [Extended.PromiseUid]);

        public IReadOnlyList<Resourcev1ResourceClaim> Claims { get; set; } = [];

        public List<Resourcev1ResourceClaim> ToAllocate { get; } = [];

        public HashSet<Resourcev1ResourceClaim> Unavailable { get; } = [];

        public Dictionary<string, IReadOnlyList<V1AllocationResult>> ByNode { get; } = new(StringComparer.Ordinal);
    }
}
