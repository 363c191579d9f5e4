namespace Flotilla.Scheduler.Snapshot;

/// <summary>Which values a label has among the nodes, e.g. the zones there are. Counted again when nodes have changed.</summary>
public sealed class TopologyIndex(ClusterSnapshot cluster)
{
    private readonly Dictionary<string, Domains> byKey = new(StringComparer.Ordinal);

    public Domains Of(string topologyKey)
    {
        if (!byKey.TryGetValue(topologyKey, out var domains))
        {
            byKey.Add(topologyKey, domains = Count(topologyKey));
        }

        return domains;
    }

    internal void Forget() => byKey.Clear();

    private Domains Count(string topologyKey)
    {
        HashSet<string> values = new(StringComparer.Ordinal);
        var with = 0;
        foreach (var node in cluster.Nodes)
        {
            if (node.Labels.TryGetValue(topologyKey, out var value))
            {
                values.Add(value);
                with++;
            }
        }

        return new Domains(values, with == cluster.Nodes.Count);
    }

    /// <param name="Values">The label's values.</param>
    /// <param name="CoverAll">Every node has the label.</param>
    public sealed record Domains(IReadOnlyCollection<string> Values, bool CoverAll);
}
