using Flotilla.Node.Placement;

namespace Flotilla.Node.NumaMemory;

/// <summary>Memory of one kind that a container has for itself, on one NUMA node or spread over several.</summary>
/// <param name="Nodes">Bits of a <see cref="NumaMask"/>.</param>
internal sealed record MemoryBlock(string PodUid, string Container, string Resource, long Bytes, ulong Nodes, bool IsInit)
{
    public NumaMask Place => new(Nodes);
}
