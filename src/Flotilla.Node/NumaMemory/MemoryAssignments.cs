using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Placement;
using k8s.Models;

namespace Flotilla.Node.NumaMemory;

/// <summary>
/// Which containers have memory of certain NUMA nodes promised to them (upstream's static memory manager policy): those of
/// Guaranteed pods. Others use what they find. Survives a restart of the agent. Any thread may ask.
/// </summary>
internal sealed class MemoryAssignments : IPlacedResource
{
    private readonly NumaNodes machine;
    private readonly MemoryReserve reserve;
    private readonly string file;
    private readonly Lock gate = new();
    private readonly List<MemoryBlock> blocks;

    /// <param name="reserve">What is never promised.</param>
    public MemoryAssignments(NumaNodes machine, MemoryReserve reserve, string file)
    {
        (this.machine, this.reserve, this.file) = (machine, reserve, file);
        blocks = StateFile.Read<List<MemoryBlock>>(file) ?? [];
    }

    /// <summary>What may be promised, by node and resource.</summary>
    public IEnumerable<(int Node, string Resource, long Bytes)> Allocatable => new MemoryState(machine, reserve, []).Allocatable;

    public IReadOnlyList<MemoryBlock> Of(string podUid, string container)
    {
        lock (gate)
        {
            return [.. blocks.Where(block => block.PodUid == podUid && block.Container == container)];
        }
    }

    /// <summary>The nodes whose memory a container uses; null: any.</summary>
    public NumaMask? NodesOf(string podUid, string container) =>
        Of(podUid, container) is { Count: > 0 } own ? own.Aggregate(default(NumaMask), (nodes, block) => nodes | block.Place) : null;

    public Task KeepOnlyAsync(IReadOnlySet<string> podUids, CancellationToken cancellationToken)
    {
        Remove(block => !podUids.Contains(block.PodUid));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>> HintsAsync(V1Pod pod, V1Container? container, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var wanted = container is null ? WantedOf(pod) : WantedOf(pod, container);
            IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>> hints = Own(pod, container) is { Count: > 0 } own
                ? wanted.Keys.ToDictionary(resource => resource, resource => Kept(own, resource, wanted[resource]), StringComparer.Ordinal)
                : StateFor(pod).HintsFor(wanted);
            return Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>>(
                wanted.Keys.ToDictionary(resource => resource, resource => (IReadOnlyList<TopologyHint>?)hints[resource], StringComparer.Ordinal));
        }
    }

    public Task<string?> GiveAsync(V1Pod pod, V1Container container, TopologyHint where, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var wanted = WantedOf(pod, container);
            return Task.FromResult(wanted.Count == 0 || Own(pod, container).Count > 0 ? null : Give(pod, container, wanted, where));
        }
    }

    public Task TakeBackAsync(string podUid, CancellationToken cancellationToken)
    {
        Release(podUid);
        return Task.CompletedTask;
    }

    public void Release(string podUid) => Remove(block => block.PodUid == podUid);

    private string? Give(V1Pod pod, V1Container container, IReadOnlyDictionary<string, long> wanted, TopologyHint where)
    {
        var state = StateFor(pod);
        var hints = state.HintsFor(wanted).Values.First();
        var wide = where is { Nodes: { } given, IsPreferred: true } && hints.Any(hint => hint.Nodes == given) ? where : Best(hints, where.Nodes);
        if (wide?.Nodes is not { } nodes)
        {
            return $"[memorymanager] failed to find NUMA nodes that satisfy the container {container.Name} resources";
        }

        var isInit = !container.IsSidecar() && pod.Spec.InitContainers?.Any(one => one.Name == container.Name) == true;
        HandOn(pod.Metadata.Uid, nodes, isInit ? new Dictionary<string, long>(StringComparer.Ordinal) : wanted);
        blocks.AddRange(wanted.Select(one => new MemoryBlock(pod.Metadata.Uid, container.Name, one.Key, one.Value, nodes.Bits, isInit)));
        StateFile.Write(file, blocks);
        return null;
    }

    // The preferred and narrowest, of those that hold the place wished for if there are such.
    private static TopologyHint? Best(IReadOnlyList<TopologyHint> hints, NumaMask? wished)
    {
        var around = wished is { } wish ? hints.Where(hint => hint.Nodes!.Value.Contains(wish)).ToList() : [];
        return (around.Count > 0 ? around : hints).OrderByDescending(hint => hint.IsPreferred).ThenBy(hint => hint.Nodes!.Value.Count).ThenBy(hint => hint.Nodes!.Value.Bits).Select(hint => (TopologyHint?)hint).FirstOrDefault();
    }

    // What an init container of the pod was promised does for those that start when it is done.
    private void HandOn(string podUid, NumaMask nodes, IReadOnlyDictionary<string, long> wanted)
    {
        foreach (var (resource, bytes) in wanted)
        {
            var at = blocks.FindIndex(block => block.PodUid == podUid && block.IsInit && block.Place == nodes && block.Resource == resource && block.Bytes > 0);
            if (at >= 0)
            {
                blocks[at] = blocks[at] with { Bytes = Math.Max(0, blocks[at].Bytes - bytes) };
            }
        }
    }

    // As if the pod's own init containers were done.
    private MemoryState StateFor(V1Pod pod) => new(machine, reserve, blocks.Where(block => block.PodUid != pod.Metadata.Uid || !block.IsInit));

    private List<MemoryBlock> Own(V1Pod pod, V1Container? container) =>
        [.. blocks.Where(block => block.PodUid == pod.Metadata.Uid && (container is null || block.Container == container.Name))];

    private static IReadOnlyList<TopologyHint> Kept(List<MemoryBlock> own, string resource, long bytes)
    {
        var same = own.Where(block => block.Resource == resource).ToList();
        return same.Count > 0 && same.Sum(block => block.Bytes) == bytes ? [new TopologyHint(same[0].Place, true)] : [];
    }

    private static Dictionary<string, long> WantedOf(V1Pod pod) =>
        pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(container => WantedOf(pod, container).Keys).Distinct(StringComparer.Ordinal)
            .ToDictionary(resource => resource, resource => (long)PodLimits.Total(pod, container => WantedOf(pod, container).GetValueOrDefault(resource)), StringComparer.Ordinal);

    private static Dictionary<string, long> WantedOf(V1Pod pod, V1Container container) => QualityOfService.Of(pod) != QualityOfService.Guaranteed
        ? new(StringComparer.Ordinal)
        : (container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
            .Where(limit => limit.Key == "memory" || limit.Key.StartsWith("hugepages-", StringComparison.Ordinal))
            .Select(limit => (limit.Key, Bytes: (long)limit.Value.ToDecimal()))
            .Where(limit => limit.Bytes > 0)
            .ToDictionary(limit => limit.Key, limit => limit.Bytes, StringComparer.Ordinal);

    private void Remove(Predicate<MemoryBlock> which)
    {
        lock (gate)
        {
            if (blocks.RemoveAll(which) > 0)
            {
                StateFile.Write(file, blocks);
            }
        }
    }
}
