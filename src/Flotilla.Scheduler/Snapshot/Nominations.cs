using Flotilla.Api;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>Which pods room is being made for by preemption, and where. They are not placed yet.</summary>
public sealed class Nominations(ClusterSnapshot cluster)
{
    private static readonly List<PodInfo> None = [];
    private readonly Dictionary<ObjectKey, (PodInfo Pod, string NodeName)> byPod = [];
    private readonly Dictionary<string, Dictionary<ObjectKey, PodInfo>> byNode = new(StringComparer.Ordinal);

    public int Count => byPod.Count;

    public void Set(PodInfo pod, string nodeName)
    {
        Remove(pod.Key);
        byPod.Add(pod.Key, (pod, nodeName));
        if (!byNode.TryGetValue(nodeName, out var there))
        {
            byNode.Add(nodeName, there = []);
        }

        there.Add(pod.Key, pod);
    }

    public void Remove(ObjectKey pod)
    {
        if (byPod.Remove(pod, out var nomination) && byNode.TryGetValue(nomination.NodeName, out var there))
        {
            there.Remove(pod);
            if (there.Count == 0)
            {
                byNode.Remove(nomination.NodeName);
            }
        }
    }

    /// <summary>The node that the pod itself waits for.</summary>
    public NodeInfo? NodeOf(PodInfo pod) => byPod.TryGetValue(pod.Key, out var nomination) ? cluster.Node(nomination.NodeName) : null;

    /// <summary>Others nominated for this node whom the pod must leave their room: those of no lower priority.</summary>
    public List<PodInfo> Before(PodInfo pod, NodeInfo node)
    {
        if (byNode.Count == 0 || !byNode.TryGetValue(node.Name, out var there))
        {
            return None;
        }

        return [.. there.Values.Where(other => other.Priority >= pod.Priority && other.Key != pod.Key && cluster.Placed(other.Key) is null)];
    }

    /// <summary>Those nominated for the node whose turn is later than the pod's: they lose their nomination to it.</summary>
    public IReadOnlyList<PodInfo> Below(PodInfo pod, string nodeName) =>
        byNode.TryGetValue(nodeName, out var there) ? [.. there.Values.Where(other => other.Priority < pod.Priority)] : [];
}
