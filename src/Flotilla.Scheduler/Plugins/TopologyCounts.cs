using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Sums per (topology key, value), e.g. pods in zone a.</summary>
internal sealed class TopologyCounts
{
    private readonly Dictionary<(string Key, string Value), long> counts = [];

    public bool IsEmpty => counts.Count == 0;

    public void Add(string topologyKey, NodeInfo node, long amount)
    {
        if (node.Labels.TryGetValue(topologyKey, out var value))
        {
            counts[(topologyKey, value)] = counts.GetValueOrDefault((topologyKey, value)) + amount;
        }
    }

    public long At(string topologyKey, NodeInfo node) =>
        node.Labels.TryGetValue(topologyKey, out var value) ? counts.GetValueOrDefault((topologyKey, value)) : 0;

    /// <summary>The sum over all topologies the node is part of.</summary>
    public long At(NodeInfo node)
    {
        long sum = 0;
        foreach (var ((key, value), amount) in counts)
        {
            if (node.Labels.TryGetValue(key, out var own) && own == value)
            {
                sum += amount;
            }
        }

        return sum;
    }
}
