using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>
/// When each node was last heard of, by this process's clock: clocks of nodes differ, and after a pause of the
/// control plane every node gets its time anew.
/// </summary>
internal sealed class Heartbeats(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Sign, long Seen)> heard = new(StringComparer.Ordinal);

    /// <summary>How long the node has given no sign of life.</summary>
    public TimeSpan SilenceOf(V1Node node, V1Lease? lease)
    {
        var ready = node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");
        var sign = $"{node.Metadata.Uid} {lease?.Spec?.RenewTime:O} {ready?.LastHeartbeatTime:O}";
        lock (gate)
        {
            if (!heard.TryGetValue(node.Metadata.Name, out var last) || last.Sign != sign)
            {
                heard[node.Metadata.Name] = last = (sign, time.GetTimestamp());
            }

            return time.GetElapsedTime(last.Seen);
        }
    }

    public void Forget(string node)
    {
        lock (gate)
        {
            heard.Remove(node);
        }
    }
}
