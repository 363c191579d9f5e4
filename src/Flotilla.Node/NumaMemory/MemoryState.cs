using Flotilla.Node.Placement;

namespace Flotilla.Node.NumaMemory;

/// <summary>What is left on each NUMA node after some blocks were given, in the order in which they were. Pure.</summary>
internal sealed class MemoryState
{
    private readonly Dictionary<(int Node, string Resource), long> allocatable = [];
    private readonly Dictionary<(int Node, string Resource), long> free;
    private readonly Dictionary<int, NumaMask> groups = [];

    public MemoryState(NumaNodes machine, MemoryReserve reserve, IEnumerable<MemoryBlock> blocks)
    {
        Machine = machine.Mask;
        foreach (var node in machine.All)
        {
            var pages = node.Memory.Where(pair => pair.Key != "memory").Sum(pair => pair.Value);
            foreach (var (resource, bytes) in node.Memory)
            {
                allocatable[(node.Number, resource)] = Math.Max(0, bytes - (resource == "memory" ? pages : 0) - reserve.Of(node.Number, resource));
            }
        }

        free = new(allocatable);
        foreach (var block in blocks)
        {
            Take(block);
        }
    }

    public NumaMask Machine { get; }

    public IEnumerable<(int Node, string Resource, long Bytes)> Allocatable => allocatable.Select(pair => (pair.Key.Node, pair.Key.Resource, pair.Value));

    /// <summary>Where all of this could come from, by resource.</summary>
    /// <param name="wanted">Bytes by resource.</param>
    public IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>> HintsFor(IReadOnlyDictionary<string, long> wanted)
    {
        var possible = Machine.Subsets().Where(nodes => wanted.All(one => Sum(allocatable, nodes, one.Key) >= one.Value)).ToList();
        var least = possible.Select(nodes => nodes.Count).DefaultIfEmpty(Machine.Count).Min();
        var places = possible.Where(nodes => IsGroup(nodes) && wanted.All(one => Sum(free, nodes, one.Key) >= one.Value)).ToList();
        return wanted.Keys.ToDictionary(resource => resource, _ => (IReadOnlyList<TopologyHint>)[.. places.Select(nodes => new TopologyHint(nodes, nodes.Count == least))], StringComparer.Ordinal);
    }

    // Nodes that serve somebody together serve others only together, and those that serve alone do so alone.
    private bool IsGroup(NumaMask nodes) => nodes.Nodes.All(node => !groups.TryGetValue(node, out var group) || group == nodes);

    private void Take(MemoryBlock block)
    {
        var rest = block.Bytes;
        foreach (var node in block.Place.Nodes)
        {
            groups[node] = block.Place;
            var part = Math.Min(rest, Math.Max(0, free.GetValueOrDefault((node, block.Resource))));
            free[(node, block.Resource)] = free.GetValueOrDefault((node, block.Resource)) - part;
            rest -= part;
        }
    }

    private static long Sum(Dictionary<(int Node, string Resource), long> amounts, NumaMask nodes, string resource) => nodes.Nodes.Sum(node => amounts.GetValueOrDefault((node, resource)));
}
