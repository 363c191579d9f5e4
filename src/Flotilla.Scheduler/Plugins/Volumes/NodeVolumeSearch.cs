using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>Whether a pod's claims can be served on one node: by the volumes they have, by free ones, by new ones.</summary>
internal sealed class NodeVolumeSearch(PodClaims claims, VolumeCatalog catalog)
{
    private const string NoVolume = "node(s) didn't find available persistent volumes to bind";
    private const string NoSpace = "node(s) did not have enough free storage";
    private const string OutOfReach = "node(s) didn't match PersistentVolume's node affinity";
    private const string GoneVolume = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

    private readonly Dictionary<V1PersistentVolume, NodeMatcher?> reach = new(ReferenceEqualityComparer.Instance);

    /// <returns>The reasons against the node, or none and what would be done there.</returns>
    public (List<string> Reasons, NodeVolumes? Volumes) On(NodeInfo node)
    {
        List<string> reasons = [];
        foreach (var (_, name) in claims.Bound)
        {
            var reason = catalog.Volume(name) is not { } volume ? GoneVolume : Reaches(volume, node) ? null : OutOfReach;
            if (reason is not null && !reasons.Contains(reason, StringComparer.Ordinal))
            {
                reasons.Add(reason);
            }
        }

        var (found, refusal) = Find(node);
        if (refusal is not null)
        {
            reasons.Add(refusal);
        }

        return (reasons, reasons.Count == 0 ? found : null);
    }

    private (NodeVolumes? Found, string? Refusal) Find(NodeInfo node)
    {
        List<(V1PersistentVolumeClaim, V1PersistentVolume)> matches = [];
        List<V1PersistentVolumeClaim> provisions = [];
        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (var claim in claims.Waiting.OrderBy(claim => claim.RequestedBytes()))
        {
            if (claim.Metadata.Annotation(VolumeAnnotations.SelectedNode) is { } selected)
            {
                // Its provisioner is at work there already.
                if (selected != node.Name)
                {
                    return (null, NoVolume);
                }

                provisions.Add(claim);
            }
            else if (Match(claim, node, taken) is { } volume)
            {
                taken.Add(volume.Metadata.Name);
                matches.Add((claim, volume));
            }
            else
            {
                provisions.Add(claim);
            }
        }

        var refusal = provisions.Select(claim => Refusal(claim, node)).FirstOrDefault(reason => reason is not null);
        return (new NodeVolumes(matches, provisions), refusal);
    }

    private V1PersistentVolume? Match(V1PersistentVolumeClaim claim, NodeInfo node, HashSet<string> taken) => VolumeMatch.FindOn(
        claim,
        catalog.VolumesOfClass(claim.ClassName()).Where(volume => !taken.Contains(volume.Metadata.Name)),
        volume => Reaches(volume, node));

    private string? Refusal(V1PersistentVolumeClaim claim, NodeInfo node)
    {
        if (catalog.ClassOf(claim) is not { Provisioner.Length: > 0 } storageClass
            || storageClass.Provisioner == "kubernetes.io/no-provisioner"
            || !Allows(storageClass, node))
        {
            return NoVolume;
        }

        return StorageSpace.IsEnough(catalog, storageClass, claim, node) ? null : NoSpace;
    }

    private static bool Allows(V1StorageClass storageClass, NodeInfo node) =>
        storageClass.AllowedTopologies is not { Count: > 0 } terms
        || terms.Any(term => (term.MatchLabelExpressions ?? []).All(one =>
            node.Labels.TryGetValue(one.Key, out var value) && one.Values.Contains(value)));

    private bool Reaches(V1PersistentVolume volume, NodeInfo node)
    {
        if (!reach.TryGetValue(volume, out var matcher))
        {
            reach.Add(volume, matcher = NodeMatcher.From(volume.Spec.NodeAffinity?.Required));
        }

        return matcher is null || matcher.Matches(node);
    }
}
