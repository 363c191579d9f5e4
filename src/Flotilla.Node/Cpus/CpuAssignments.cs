using System.Globalization;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Placement;
using k8s.Models;

namespace Flotilla.Node.Cpus;

/// <summary>
/// Which containers have processors to themselves (upstream's static CPU manager policy): those of Guaranteed pods that ask
/// for whole processors. All others share what is left. Survives a restart of the agent. Any thread may ask.
/// </summary>
internal sealed class CpuAssignments : IPlacedResource
{
    private readonly CpuTopology topology;
    private readonly IReadOnlySet<int> reserved;
    private readonly string file;
    private readonly Lock gate = new();
    private readonly List<Exclusive> exclusive;

    private sealed record Exclusive(string PodUid, string Container, string Cpus, bool IsInit);

    /// <param name="reserved">Processors for the machine and for those who share: never given away.</param>
    public CpuAssignments(CpuTopology topology, IReadOnlySet<int> reserved, string file)
    {
        (this.topology, this.reserved, this.file) = (topology, reserved, file);
        exclusive = StateFile.Read<List<Exclusive>>(file) ?? [];
    }

    public Task KeepOnlyAsync(IReadOnlySet<string> podUids, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (exclusive.RemoveAll(one => !podUids.Contains(one.PodUid)) > 0)
            {
                Write();
            }
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>> HintsAsync(V1Pod pod, V1Container? container, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var count = container is null ? (int)PodLimits.Total(pod, one => Wanted(pod, one)) : Wanted(pod, container);
            var hints = new Dictionary<string, IReadOnlyList<TopologyHint>?>(StringComparer.Ordinal);
            if (count > 0)
            {
                hints["cpu"] = HintsFor(pod, container, count);
            }

            return Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>>(hints);
        }
    }

    public Task<string?> GiveAsync(V1Pod pod, V1Container container, TopologyHint where, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return Task.FromResult(Wanted(pod, container) is > 0 and var count ? Give(pod, container, count, where) : null);
        }
    }

    public Task TakeBackAsync(string podUid, CancellationToken cancellationToken)
    {
        Release(podUid);
        return Task.CompletedTask;
    }

    public bool Release(string podUid)
    {
        lock (gate)
        {
            var freed = exclusive.RemoveAll(one => one.PodUid == podUid) > 0;
            if (freed)
            {
                Write();
            }

            return freed;
        }
    }

    /// <summary>The processors that may be given to one container alone.</summary>
    public IReadOnlyList<int> Allocatable => [.. topology.Cpus.Select(cpu => cpu.Number).Except(reserved).Order()];

    /// <summary>The processors that a container has for itself alone.</summary>
    public IReadOnlyList<int> ExclusiveOf(string podUid, string container)
    {
        lock (gate)
        {
            return exclusive.Find(one => one.PodUid == podUid && one.Container == container) is { } own ? [.. CpuSet.Parse(own.Cpus).Order()] : [];
        }
    }

    /// <summary>The processors a container runs on, as the kernel writes them.</summary>
    public string Of(string podUid, string container)
    {
        lock (gate)
        {
            return exclusive.Find(one => one.PodUid == podUid && one.Container == container)?.Cpus ?? CpuSet.Format(Shared());
        }
    }

    // What a container has is where it stays; a resize to another number finds no place.
    private IReadOnlyList<TopologyHint> HintsFor(V1Pod pod, V1Container? container, int count)
    {
        var own = exclusive.Where(one => one.PodUid == pod.Metadata.Uid && (container is null || one.Container == container.Name)).SelectMany(one => CpuSet.Parse(one.Cpus)).ToHashSet();
        if (own.Count > 0)
        {
            return own.Count == count ? Hints(own, [], count) : [];
        }

        var reusable = Reusable(pod.Metadata.Uid);
        return Hints([.. Shared().Except(reserved)], reusable, count);
    }

    private IReadOnlyList<TopologyHint> Hints(HashSet<int> available, HashSet<int> reusable, int count)
    {
        var nodes = topology.Cpus.ToDictionary(cpu => cpu.Number, cpu => cpu.Node);
        return TopologyHint.For(
            NumaMask.Of(nodes.Values), count, place => topology.CountOn(place),
            place => reusable.All(cpu => place.Contains(nodes[cpu])) ? reusable.Count + available.Count(cpu => place.Contains(nodes[cpu])) : null);
    }

    private string? Give(V1Pod pod, V1Container container, int count, TopologyHint where)
    {
        var podUid = pod.Metadata.Uid;
        if (exclusive.Any(one => one.PodUid == podUid && one.Container == container.Name))
        {
            return null;
        }

        var available = Shared().Except(reserved).Concat(Reusable(podUid)).ToHashSet();
        if (available.Count < count)
        {
            return string.Create(CultureInfo.InvariantCulture, $"not enough cpus available to satisfy request: requested={count}, available={available.Count}");
        }

        var near = topology.Cpus.Where(cpu => where.Nodes?.Contains(cpu.Node) == true && available.Contains(cpu.Number)).Select(cpu => cpu.Number).ToHashSet();
        var aligned = CpuPacking.Take(topology, near, Math.Min(near.Count, count))!;
        var rest = CpuPacking.Take(topology, available.Except(aligned).ToHashSet(), count - aligned.Count)!;
        var isInit = !container.IsSidecar() && pod.Spec.InitContainers?.Any(one => one.Name == container.Name) == true;
        exclusive.Add(new Exclusive(podUid, container.Name, CpuSet.Format(aligned.Concat(rest)), isInit));
        Write();
        return null;
    }

    // What an init container had is used again by those that start when it is done.
    private HashSet<int> Reusable(string podUid)
    {
        var own = exclusive.Where(one => one.PodUid == podUid).ToList();
        var kept = own.Where(one => !one.IsInit).SelectMany(one => CpuSet.Parse(one.Cpus));
        return own.Where(one => one.IsInit).SelectMany(one => CpuSet.Parse(one.Cpus)).Except(kept).ToHashSet();
    }

    private IEnumerable<int> Shared() => topology.Cpus.Select(cpu => cpu.Number).Except(exclusive.SelectMany(one => CpuSet.Parse(one.Cpus)));

    private static int Wanted(V1Pod pod, V1Container container) =>
        QualityOfService.Of(pod) == QualityOfService.Guaranteed && PodLimits.Quantity(container.Resources?.Limits, "cpu") is >= 1 and var amount && decimal.IsInteger(amount) ? (int)amount : 0;

    private void Write() => StateFile.Write(file, exclusive);
}
