using k8s.Models;

namespace Flotilla.Node.Placement;

/// <summary>Something of which containers get parts for themselves alone, and that lies on NUMA nodes.</summary>
internal interface IPlacedResource
{
    /// <summary>Frees what pods held that are no longer there.</summary>
    Task KeepOnlyAsync(IReadOnlySet<string> podUids, CancellationToken cancellationToken);

    /// <summary>Where the node could serve a container, by resource; nothing: it asks for none of this.</summary>
    /// <param name="container">null: all containers of the pod together.</param>
    Task<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>> HintsAsync(V1Pod pod, V1Container? container, CancellationToken cancellationToken);

    /// <summary>Gives a container what it asks for, from there as far as possible. What it has it keeps.</summary>
    /// <returns>What is lacking; null: it has all.</returns>
    Task<string?> GiveAsync(V1Pod pod, V1Container container, TopologyHint where, CancellationToken cancellationToken);

    /// <summary>The pod will not run.</summary>
    Task TakeBackAsync(string podUid, CancellationToken cancellationToken);
}
