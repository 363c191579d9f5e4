using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>The conditions of a Node in kubelet's words. Pure.</summary>
internal static class NodeConditions
{
    private static readonly Words Memory = new(
        "MemoryPressure", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available",
        "KubeletHasSufficientMemory", "kubelet has sufficient memory available", "NodeHasInsufficientMemory", "NodeHasSufficientMemory");

    private static readonly Words Disk = new(
        "DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure",
        "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure");

    private static readonly Words Processes = new(
        "PIDPressure", "KubeletHasInsufficientPID", "kubelet has insufficient PID available",
        "KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasInsufficientPID", "NodeHasSufficientPID");

    private static readonly Words Ready = new(
        "Ready", "KubeletReady", "kubelet is posting ready status", "KubeletNotReady", "", "NodeReady", "NodeNotReady");

    /// <param name="notReady">Why the node cannot run pods; null when it can.</param>
    public static List<V1NodeCondition> For(NodePressure pressure, string? notReady) =>
    [
        Memory.Condition(pressure.Memory, null),
        Disk.Condition(pressure.Disk, null),
        Processes.Condition(pressure.Processes, null),
        Ready.Condition(notReady is null, notReady),
    ];

    /// <summary>
    /// The new conditions with the times of the old: a condition keeps its transition time while its status stays.
    /// Conditions that others set are kept.
    /// </summary>
    public static List<V1NodeCondition> Merge(IEnumerable<V1NodeCondition>? old, IReadOnlyList<V1NodeCondition> current, DateTime now)
    {
        var before = (old ?? []).ToList();
        var merged = before.Where(condition => current.All(mine => mine.Type != condition.Type)).ToList();
        foreach (var condition in current)
        {
            var previous = before.Find(other => other.Type == condition.Type);
            condition.LastHeartbeatTime = now;
            condition.LastTransitionTime = previous?.Status == condition.Status ? previous.LastTransitionTime : now;
            merged.Add(condition);
        }
        return merged;
    }

    /// <summary>Reasons of the events that tell which conditions changed.</summary>
    public static IEnumerable<string> EventsFor(IEnumerable<V1NodeCondition>? old, IReadOnlyList<V1NodeCondition> current)
    {
        var before = (old ?? []).ToList();
        foreach (var words in new[] { Memory, Disk, Processes, Ready })
        {
            var status = current.FirstOrDefault(condition => condition.Type == words.Type)?.Status;
            var previous = before.Find(condition => condition.Type == words.Type)?.Status;
            // A node that was never ready does not become unready.
            if (status is not null && status != previous && !(words == Ready && status == "False" && previous is null))
            {
                yield return status == "True" ? words.TrueEvent : words.FalseEvent;
            }
        }
    }

    private sealed record Words(
        string Type, string TrueReason, string TrueMessage, string FalseReason, string FalseMessage, string TrueEvent, string FalseEvent)
    {
        public V1NodeCondition Condition(bool value, string? message) => new()
        {
            Type = Type,
            Status = value ? "True" : "False",
            Reason = value ? TrueReason : FalseReason,
            Message = message ?? (value ? TrueMessage : FalseMessage),
        };
    }
}
