using System.Globalization;
using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>What the pod requests must be free on the node; among nodes that fit, the strategy prefers the emptier or the fuller.</summary>
public sealed class NodeResourcesFit(FitStrategy? strategy = null, Func<string, bool>? ignores = null) : ILocalFilterPlugin, ILocalScorePlugin
{
    private static readonly Verdict TooManyPods = Verdict.No("Too many pods");
    private static readonly Verdict NoCpu = Verdict.No("Insufficient cpu");
    private static readonly Verdict NoMemory = Verdict.No("Insufficient memory");
    private static readonly Verdict NeverCpu = Verdict.Never("Insufficient cpu");
    private static readonly Verdict NeverMemory = Verdict.Never("Insufficient memory");
    private readonly FitStrategy strategy = strategy ?? FitStrategy.LeastAllocated;

    public string Name => "NodeResourcesFit";

    public int Weight => 1;

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodGone | ClusterChange.PodItself | ClusterChange.Device;

    /// <summary>Devices may come from classes of them, which no node knows of.</summary>
    public bool Sign(PodInfo pod, PodSignature signature)
    {
        signature.Add(pod.Requests);
        signature.Add(pod.ScoringRequests);
        return pod.Requests.Extended.Count == 0;
    }

    /// <summary>A node helps if the pod would fit it empty, a pod that left if it held something the pod asks for, devices if it asks for more than the usual.</summary>
    public bool MayHelp(PodInfo pod, ClusterEvent change)
    {
        if (change.Node is { } node)
        {
            var info = new NodeInfo(node.Metadata.Name);
            info.Set(node);
            // What more it asks for may come from devices.
            return Judge(pod.Requests with { Extended = null }, info, null).IsFit;
        }

        // A place among the allowed pods is something too.
        return change.Change != ClusterChange.Device || pod.Requests.Extended.Count > 0;
    }

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var (asked, devices) = (cycle.Pod.Requests, cycle.Cluster.Devices);
        return node => Judge(asked, node, devices);
    }

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Length; i++)
        {
            scores[i] = strategy.Score(cycle.Pod, nodes[i]);
        }

        return true;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster)
    {
        List<string> needs = [];
        if (node.Pods.Count + 1 > node.AllowedPods)
        {
            needs.Add($"one pod fewer (it runs {node.Pods.Count} of {node.AllowedPods})");
        }

        foreach (var (name, asked, used, capacity) in Compare(pod.Requests, node))
        {
            if (asked > capacity - used)
            {
                needs.Add($"{Amount(name, asked - (capacity - used))} more {name} ({Amount(name, Math.Max(0, capacity - used))} of {Amount(name, capacity)} free, {Amount(name, asked)} asked)");
            }
        }

        return needs.Count == 0 ? null : "needs " + string.Join(", ", needs);
    }

    private static string Amount(string name, long value) => name switch
    {
        "cpu" => string.Create(CultureInfo.InvariantCulture, $"{value}m"),
        "memory" or "ephemeral-storage" => value % (1024 * 1024) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value / 1024 / 1024}Mi")
            : string.Create(CultureInfo.InvariantCulture, $"{value / 1024.0 / 1024:0.#}Mi"),
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static IEnumerable<(string Name, long Asked, long Used, long Capacity)> Compare(Resources asked, NodeInfo node)
    {
        yield return ("cpu", asked.MilliCpu, node.Requested.MilliCpu, node.Allocatable.MilliCpu);
        yield return ("memory", asked.MemoryBytes, node.Requested.MemoryBytes, node.Allocatable.MemoryBytes);
        yield return ("ephemeral-storage", asked.EphemeralStorageBytes, node.Requested.EphemeralStorageBytes, node.Allocatable.EphemeralStorageBytes);
        foreach (var (name, amount) in asked.Extended)
        {
            yield return (name, amount, node.Requested.Extended.GetValueOrDefault(name), node.Allocatable.Extended.GetValueOrDefault(name));
        }
    }

    private Verdict Judge(Resources asked, NodeInfo node, DeviceCatalog? devices)
    {
        var full = node.PodCount + 1 > node.AllowedPods;
        var cpu = asked.MilliCpu > 0 && asked.MilliCpu > node.Allocatable.MilliCpu - node.Requested.MilliCpu;
        var memory = asked.MemoryBytes > 0 && asked.MemoryBytes > node.Allocatable.MemoryBytes - node.Requested.MemoryBytes;
        if (asked.Extended.Count == 0 && asked.EphemeralStorageBytes == 0)
        {
            // Nearly every pod and node ends here, so these answers are made once.
            switch (full, cpu, memory)
            {
                case (false, false, false): return Verdict.Fits;
                case (true, false, false): return TooManyPods;
                case (false, true, false): return asked.MilliCpu > node.Allocatable.MilliCpu ? NeverCpu : NoCpu;
                case (false, false, true): return asked.MemoryBytes > node.Allocatable.MemoryBytes ? NeverMemory : NoMemory;
            }
        }

        List<string> missing = full ? ["Too many pods"] : [];
        var unresolvable = false;
        foreach (var (name, amount, used, capacity) in Compare(asked, node))
        {
            if (amount > 0 && amount > capacity - used && ignores?.Invoke(name) != true && devices?.Provides(name, node) != true)
            {
                missing.Add($"Insufficient {name}");
                unresolvable |= amount > capacity;
            }
        }

        return missing.Count == 0 ? Verdict.Fits : unresolvable ? Verdict.Never(missing) : Verdict.No(missing);
    }
}
