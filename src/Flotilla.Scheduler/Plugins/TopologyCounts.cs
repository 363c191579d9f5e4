using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>
/// Sums per value of a topology label, e.g. pods in zone a. Few kinds of pods are looked up where they are counted
/// already; only many are added up first.
/// </summary>
internal sealed class TopologyCounts
{
    private const int Few = 4;
    private readonly List<(string Key, IReadOnlyDictionary<string, int> Pods, long Weight)> parts = [];
    private Dictionary<(string Key, string Value), long>? sums;
    private string[] keys = [];

    public bool IsEmpty => parts.Count == 0;

    public void Add(string topologyKey, PodGroup group, long weight = 1)
    {
        var pods = group.CountByDomain(topologyKey);
        if (pods.Count > 0)
        {
            parts.Add((topologyKey, pods, weight));
        }
    }

    public long At(string topologyKey, NodeInfo node) => node.Labels.TryGetValue(topologyKey, out var value) ? At(topologyKey, value) : 0;

    public long At(string topologyKey, string value)
    {
        if (parts.Count > Few)
        {
            return Sums().GetValueOrDefault((topologyKey, value));
        }

        long sum = 0;
        foreach (var (key, pods, weight) in parts)
        {
            if (key == topologyKey && pods.TryGetValue(value, out var count))
            {
                sum += count * weight;
            }
        }

        return sum;
    }

    /// <summary>The sum over all topologies the node is part of.</summary>
    public long At(NodeInfo node)
    {
        long sum = 0;
        if (parts.Count > Few)
        {
            var all = Sums();
            foreach (var key in keys)
            {
                sum += node.Labels.TryGetValue(key, out var value) ? all.GetValueOrDefault((key, value)) : 0;
            }

            return sum;
        }

        foreach (var (key, pods, weight) in parts)
        {
            if (node.Labels.TryGetValue(key, out var value) && pods.TryGetValue(value, out var count))
            {
                sum += count * weight;
            }
        }

        return sum;
    }

    private Dictionary<(string Key, string Value), long> Sums()
    {
        if (sums is null)
        {
            sums = [];
            foreach (var (key, pods, weight) in parts)
            {
                foreach (var (value, count) in pods)
                {
                    sums[(key, value)] = sums.GetValueOrDefault((key, value)) + (count * weight);
                }
            }

            keys = [.. parts.Select(part => part.Key).Distinct(StringComparer.Ordinal)];
        }

        return sums;
    }
}
