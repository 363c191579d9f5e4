using System.Collections.Concurrent;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>Since when a node has been tainted: by the taint's own word, else since it was first seen here. Any thread may ask.</summary>
internal sealed class TaintTimes
{
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, DateTime>> seen = new(StringComparer.Ordinal);

    /// <summary>The node's taints, each with its time.</summary>
    public IReadOnlyList<V1Taint> Of(V1Node? node, DateTime now)
    {
        if (node?.Spec?.Taints is not { Count: > 0 } taints)
        {
            return [];
        }

        var known = seen.AddOrUpdate(node.Metadata.Name, _ => Times(taints, null, now), (_, before) => Times(taints, before, now));
        return [.. taints.Select(taint => taint.TimeAdded is null ? taint with { TimeAdded = known[KeyOf(taint)] } : taint)];
    }

    public void Forget(string node) => seen.TryRemove(node, out _);

    // What is not there any more is forgotten: put back, it counts anew.
    private static Dictionary<string, DateTime> Times(IEnumerable<V1Taint> taints, IReadOnlyDictionary<string, DateTime>? before, DateTime now) =>
        taints.Select(KeyOf).Distinct(StringComparer.Ordinal).ToDictionary(key => key, key => before?.TryGetValue(key, out var time) == true ? time : now, StringComparer.Ordinal);

    private static string KeyOf(V1Taint taint) => $"{taint.Key}={taint.Value}:{taint.Effect}";
}
