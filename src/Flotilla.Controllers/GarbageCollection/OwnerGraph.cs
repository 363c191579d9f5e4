using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.GarbageCollection;

/// <summary>One object as the garbage collector sees it.</summary>
internal sealed record Node(DiscoveredResource Resource, ObjectMetadata Object)
{
    public const string ForegroundFinalizer = "foregroundDeletion";
    public const string OrphanFinalizer = "orphan";

    public string Uid => Object.Metadata.Uid;

    public string? Namespace => Object.Metadata.NamespaceProperty;

    public IEnumerable<V1OwnerReference> Owners => Object.Metadata.OwnerReferences ?? [];

    public bool IsDeleting => Object.Metadata.DeletionTimestamp is not null;

    /// <summary>It goes once its dependents are gone.</summary>
    public bool AwaitsDependents => IsDeleting && Has(ForegroundFinalizer);

    /// <summary>It goes once its dependents know it no more.</summary>
    public bool OrphansDependents => IsDeleting && Has(OrphanFinalizer);

    public bool Has(string finalizer) => Object.Metadata.Finalizers?.Contains(finalizer) == true;

    public bool IsBlockedBy(Node dependent) =>
        dependent.Owners.Any(owner => owner.Uid == Uid && owner.BlockOwnerDeletion == true);
}

/// <summary>Who owns whom, over all resources. Every method may be called from any thread.</summary>
internal sealed class OwnerGraph
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Node> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> dependents = new(StringComparer.Ordinal);

    public Node? Get(string uid)
    {
        lock (gate)
        {
            return nodes.GetValueOrDefault(uid);
        }
    }

    public IReadOnlyList<Node> DependentsOf(string uid)
    {
        lock (gate)
        {
            return dependents.TryGetValue(uid, out var uids) ? [.. uids.Select(dependent => nodes[dependent])] : [];
        }
    }

    /// <summary>Takes over the newest state of an object. Returns the uids that need to be looked at because of it.</summary>
    public IReadOnlyList<string> Set(Node node)
    {
        lock (gate)
        {
            var owners = Unlink(node.Uid).Concat(node.Owners.Select(owner => owner.Uid)).ToHashSet(StringComparer.Ordinal);
            nodes[node.Uid] = node;
            foreach (var owner in node.Owners)
            {
                if (!dependents.TryGetValue(owner.Uid, out var uids))
                {
                    dependents.Add(owner.Uid, uids = new HashSet<string>(StringComparer.Ordinal));
                }

                uids.Add(node.Uid);
            }

            var affected = new List<string>();
            if (node.Owners.Any() || node.IsDeleting)
            {
                affected.Add(node.Uid);
            }

            if (node.AwaitsDependents && dependents.TryGetValue(node.Uid, out var waitedFor))
            {
                affected.AddRange(waitedFor);
            }

            // An owner may have waited for this one to stop blocking it, or to let go of it.
            affected.AddRange(owners.Where(uid => nodes.GetValueOrDefault(uid)?.IsDeleting == true));
            return affected;
        }
    }

    public IReadOnlyList<string> Remove(string uid)
    {
        lock (gate)
        {
            var owners = Unlink(uid);
            nodes.Remove(uid);
            return [.. owners, .. dependents.GetValueOrDefault(uid) ?? []];
        }
    }

    /// <summary>Returns the owners it had.</summary>
    private List<string> Unlink(string uid)
    {
        var owners = nodes.GetValueOrDefault(uid)?.Owners.Select(owner => owner.Uid).ToList() ?? [];
        foreach (var owner in owners)
        {
            if (dependents.TryGetValue(owner, out var uids) && uids.Remove(uid) && uids.Count == 0)
            {
                dependents.Remove(owner);
            }
        }

        return owners;
    }
}
