using Flotilla.Node.Admission;
using k8s.Models;

namespace Flotilla.Node.Placement;

/// <summary>
/// Places what containers get for themselves: asks everybody where it could come from, chooses by the node's policy, and has
/// everybody serve from there. One pod at a time.
/// </summary>
internal sealed class TopologyManager(TopologyPolicy policy, bool wholePods, NumaMask machine, IReadOnlyList<IPlacedResource> resources) : IDisposable
{
    private const string NotTogether = "Resources cannot be allocated with Topology locality";
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <exception cref="NotSupportedException">The machine has too many NUMA nodes to weigh every set of them.</exception>
    public static TopologyManager For(NodeOptions options, NumaNodes machine, IReadOnlyList<IPlacedResource> resources)
    {
        var policy = TopologyPolicies.All.First(policy => policy.Name == options.TopologyPolicy);
        return machine.All.Count <= NumaMask.MostNodes || (!policy.Asks && options.ReservedMemory is null)
            ? new TopologyManager(policy, options.PlacesWholePods, machine.Mask, resources)
            : throw new NotSupportedException($"This machine has {machine.All.Count} NUMA nodes; --topology-manager-policy and --reserved-memory work with {NumaMask.MostNodes} at most.");
    }

    /// <param name="podUids">The pods that are on the node.</param>
    /// <returns>null: the pod has all it asks for.</returns>
    public async Task<Rejection?> AdmitAsync(V1Pod pod, IReadOnlySet<string> podUids, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            var kept = new HashSet<string>(podUids, StringComparer.Ordinal) { pod.Metadata.Uid };
            foreach (var resource in resources)
            {
                await resource.KeepOnlyAsync(kept, cancellationToken);
            }

            var rejection = await PlaceAsync(pod, cancellationToken);
            foreach (var resource in rejection is null ? [] : resources)
            {
                await resource.TakeBackAsync(pod.Metadata.Uid, cancellationToken);
            }

            return rejection;
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    private async Task<Rejection?> PlaceAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var (where, admits) = wholePods ? await DecideAsync(pod, null, cancellationToken) : (default, true);
        foreach (var container in (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers))
        {
            (where, admits) = wholePods ? (where, admits) : await DecideAsync(pod, container, cancellationToken);
            if (!admits)
            {
                return new Rejection("TopologyAffinityError", NotTogether);
            }

            foreach (var resource in resources)
            {
                if (await resource.GiveAsync(pod, container, where, cancellationToken) is { } lack)
                {
                    return new Rejection("UnexpectedAdmissionError", $"Allocate failed due to {lack}, which is unexpected");
                }
            }
        }

        return null;
    }

    private async Task<(TopologyHint Where, bool Admits)> DecideAsync(V1Pod pod, V1Container? container, CancellationToken cancellationToken)
    {
        var answers = new List<IReadOnlyDictionary<string, IReadOnlyList<TopologyHint>?>>();
        foreach (var resource in policy.Asks ? resources : [])
        {
            answers.Add(await resource.HintsAsync(pod, container, cancellationToken));
        }

        return policy.Decide(machine, HintMerge.Flatten(answers));
    }
}
