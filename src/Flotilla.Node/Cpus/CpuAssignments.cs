using System.Globalization;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Cpus;

/// <summary>
/// Which containers have processors to themselves (upstream's static CPU manager policy): those of Guaranteed pods that ask
/// for whole processors. All others share what is left. Survives a restart of the agent. Any thread may ask.
/// </summary>
internal sealed class CpuAssignments
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

    /// <param name="podUids">The pods that are on the node; what others had is free.</param>
    /// <returns>What is lacking; null: the pod has all it asks for.</returns>
    public string? Admit(V1Pod pod, IReadOnlySet<string> podUids)
    {
        lock (gate)
        {
            var freed = exclusive.RemoveAll(one => one.PodUid != pod.Metadata.Uid && !podUids.Contains(one.PodUid));
            var init = (pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy != "Always").Select(container => container.Name).ToHashSet(StringComparer.Ordinal);
            foreach (var (container, count) in Wanted(pod))
            {
                if (Give(pod.Metadata.Uid, container, count, init.Contains(container)) is { } lack)
                {
                    exclusive.RemoveAll(one => one.PodUid == pod.Metadata.Uid);
                    return lack;
                }
            }

            if (freed > 0 || exclusive.Any(one => one.PodUid == pod.Metadata.Uid))
            {
                Write();
            }

            return null;
        }
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

    private string? Give(string podUid, string container, int count, bool isInit)
    {
        if (exclusive.Any(one => one.PodUid == podUid && one.Container == container))
        {
            return null;
        }

        // What an init container had is used again by those that start when it is done.
        var own = exclusive.Where(one => one.PodUid == podUid).ToList();
        var kept = own.Where(one => !one.IsInit).SelectMany(one => CpuSet.Parse(one.Cpus));
        var reusable = own.Where(one => one.IsInit).SelectMany(one => CpuSet.Parse(one.Cpus)).Except(kept);
        var available = Shared().Except(reserved).Concat(reusable).ToHashSet();
        if (CpuPacking.Take(topology, available, count) is not { } cpus)
        {
            return string.Create(CultureInfo.InvariantCulture, $"not enough cpus available to satisfy request: requested={count}, available={available.Count}");
        }

        exclusive.Add(new Exclusive(podUid, container, CpuSet.Format(cpus), isInit));
        return null;
    }

    private IEnumerable<int> Shared() => topology.Cpus.Select(cpu => cpu.Number).Except(exclusive.SelectMany(one => CpuSet.Parse(one.Cpus)));

    private static IEnumerable<(string Container, int Count)> Wanted(V1Pod pod) => QualityOfService.Of(pod) != QualityOfService.Guaranteed ? [] :
        (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers)
            .Select(container => (container.Name, Amount: container.Resources?.Limits?.TryGetValue("cpu", out var cpu) == true ? cpu.ToDecimal() : 0))
            .Where(wanted => wanted.Amount >= 1 && decimal.IsInteger(wanted.Amount))
            .Select(wanted => (wanted.Name, (int)wanted.Amount));

    private void Write() => StateFile.Write(file, exclusive);
}
