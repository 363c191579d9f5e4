using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>
/// Takes a pod where its claims can be served. Claims that waited for it get their volumes, or are handed to their
/// provisioner, once the node is chosen; the pod is bound only when all of that is done.
/// </summary>
public sealed class VolumeBinding(PluginContext context) : IPreFilterPlugin, IFilterPlugin, IReservePlugin, IPreBindPlugin
{
    private readonly ClaimBinder? binder = context is { Client: { } client, Informers: { } informers } ? new ClaimBinder(client, informers, context.Time) : null;

    public string Name => "VolumeBinding";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.Volume;

    public PreFilterResult PreFilter(SchedulingCycle cycle)
    {
        var (verdict, claims) = PodClaims.Of(cycle.Pod, cycle.Cluster.Volumes);
        if (claims is not null)
        {
            cycle.Set(claims);
        }

        return verdict;
    }

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        if (cycle.Get<PodClaims>() is not { } claims)
        {
            return null;
        }

        var search = new NodeVolumeSearch(claims, cycle.Cluster.Volumes);
        return node =>
        {
            var (reasons, volumes) = search.On(node);
            if (volumes is not null)
            {
                claims.ByNode[node.Name] = volumes;
            }

            return reasons.Count == 0 ? Verdict.Fits : Verdict.Never(reasons);
        };
    }

    public Verdict Reserve(SchedulingCycle cycle, NodeInfo node)
    {
        if (cycle.Get<PodClaims>()?.ByNode.GetValueOrDefault(node.Name) is not { } volumes || volumes.Matches.Count + volumes.Provisions.Count == 0)
        {
            return Verdict.Fits;
        }

        var promises = volumes.Matches.Select(match => VolumeBond.OnVolume(match.Volume, match.Claim) ?? match.Volume).ToList();
        promises.ForEach(cycle.Cluster.Volumes.Promise);
        cycle.Set(new Promises(promises, [.. volumes.Matches.Select(match => match.Claim)], volumes.Provisions));
        return Verdict.Fits;
    }

    public void Unreserve(SchedulingCycle cycle, string nodeName)
    {
        foreach (var volume in cycle.Get<Promises>()?.Volumes ?? [])
        {
            cycle.Cluster.Volumes.TakeBack(volume);
        }
    }

    public bool Waits(SchedulingCycle cycle) => cycle.Get<Promises>() is not null;

    public Task<Verdict> PreBindAsync(SchedulingCycle cycle, string nodeName, CancellationToken cancellationToken) =>
        cycle.Get<Promises>() is { } promises && binder is not null
            ? binder.BindAsync(cycle.Pod, promises, nodeName, cancellationToken)
            : Task.FromResult(Verdict.Fits);
}

/// <param name="Volumes">As they are to be written: kept for their claims.</param>
/// <param name="Matched">The claims they are kept for.</param>
/// <param name="Provisions">Claims to be sent to the node's provisioner.</param>
internal sealed record Promises(
    IReadOnlyList<V1PersistentVolume> Volumes, IReadOnlyList<V1PersistentVolumeClaim> Matched, IReadOnlyList<V1PersistentVolumeClaim> Provisions);
