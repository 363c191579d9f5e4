using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>What a node's conditions and taints should be. A part that is right already is null.</summary>
internal sealed record NodePlan(List<V1NodeCondition>? Conditions, List<V1Taint>? Taints)
{
    private static readonly string[] Reported = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    /// <param name="isSilent">The node has not been heard of for too long.</param>
    /// <param name="mayEvict">false: no node at all is ready, so the fault is likelier here than there.</param>
    public static NodePlan For(V1Node node, bool isSilent, bool mayEvict, DateTime now)
    {
        var conditions = (node.Status?.Conditions ?? []).ToList();
        var changed = isSilent && SetUnknown(conditions, now);
        var taints = TaintsFor(node, conditions, mayEvict, now);
        return new NodePlan(changed ? conditions : null, AreSame(node.Spec?.Taints, taints) ? null : taints);
    }

    public static string ReadyStatus(V1Node node) =>
        node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status ?? "Unknown";

    private static bool SetUnknown(List<V1NodeCondition> conditions, DateTime now)
    {
        var changed = false;
        foreach (var type in Reported)
        {
            var index = conditions.FindIndex(condition => condition.Type == type);
            if (index < 0)
            {
                conditions.Add(new V1NodeCondition
                {
                    Type = type,
                    Status = "Unknown",
                    Reason = "NodeStatusNeverUpdated",
                    Message = "Kubelet never posted node status.",
                    LastHeartbeatTime = now,
                    LastTransitionTime = now,
                });
                changed = true;
            }
            else if (conditions[index].Status != "Unknown")
            {
                conditions[index] = conditions[index] with
                {
                    Status = "Unknown",
                    Reason = "NodeStatusUnknown",
                    Message = "Kubelet stopped posting node status.",
                    LastTransitionTime = now,
                };
                changed = true;
            }
        }

        return changed;
    }

    private static List<V1Taint> TaintsFor(V1Node node, List<V1NodeCondition> conditions, bool mayEvict, DateTime now)
    {
        var old = node.Spec?.Taints ?? [];
        // A node that has never reported stays as it was registered: not ready.
        var isUnheard = conditions.All(condition => condition.Type != "Ready");
        var taints = old.Where(taint => !IsOurs(taint) || (isUnheard && taint.Key == Nodes.Taints.NotReady)).ToList();
        foreach (var (type, status, key) in Nodes.Taints.ByCondition)
        {
            if (conditions.Any(condition => condition.Type == type && condition.Status == status))
            {
                taints.Add(Kept(old, key, Nodes.Taints.NoSchedule) ?? new V1Taint { Key = key, Effect = Nodes.Taints.NoSchedule });
                if (mayEvict && type == "Ready")
                {
                    taints.Add(Kept(old, key, Nodes.Taints.NoExecute) ?? new V1Taint { Key = key, Effect = Nodes.Taints.NoExecute, TimeAdded = now });
                }
            }
        }

        if (node.Spec?.Unschedulable == true)
        {
            const string key = Nodes.Taints.Unschedulable;
            taints.Add(Kept(old, key, Nodes.Taints.NoSchedule) ?? new V1Taint { Key = key, Effect = Nodes.Taints.NoSchedule, TimeAdded = now });
        }

        return taints;
    }

    private static bool IsOurs(V1Taint taint) =>
        (taint.Effect == Nodes.Taints.NoSchedule && (taint.Key == Nodes.Taints.Unschedulable || Nodes.Taints.ByCondition.Any(entry => entry.Key == taint.Key)))
        || (taint.Effect == Nodes.Taints.NoExecute && taint.Key is Nodes.Taints.NotReady or Nodes.Taints.Unreachable);

    private static V1Taint? Kept(IList<V1Taint> old, string key, string effect) =>
        old.FirstOrDefault(taint => taint.Key == key && taint.Effect == effect);

    private static bool AreSame(IList<V1Taint>? left, List<V1Taint> right)
    {
        static IEnumerable<string> Text(IEnumerable<V1Taint> taints) =>
            taints.Select(taint => $"{taint.Key}={taint.Value}:{taint.Effect}").Order(StringComparer.Ordinal);
        return Text(left ?? []).SequenceEqual(Text(right));
    }
}
