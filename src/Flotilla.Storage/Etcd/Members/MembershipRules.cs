namespace Flotilla.Storage.Etcd.Members;

/// <summary>What may be done to a cluster without losing it. Null: it may; otherwise a sentence that says why not.</summary>
internal static class MembershipRules
{
    public static string? CheckRemoval(ClusterReport cluster, EtcdMember member)
    {
        if (member.IsLearner)
        {
            return null;
        }

        var rest = cluster.Voters.Where(other => other.Id != member.Id).ToList();
        if (rest.Count == 0)
        {
            return $"{member.Title} is etcd's only member and holds everything; it cannot be removed.";
        }

        var missing = rest.Where(other => !other.IsHealthy).ToList();
        var quorum = ClusterReport.QuorumOf(rest.Count);
        return rest.Count - missing.Count >= quorum
            ? null
            : $"Without {member.Title} etcd would lose its quorum: of the {rest.Count} members left {quorum} must answer, but {string.Join(", ", missing.Select(other => other.Title))} would be missing. Bring {(missing.Count == 1 ? "it" : "them")} back or remove {(missing.Count == 1 ? "it" : "them")} first.";
    }

    public static string? CheckJoin(EtcdMember? before, string name) => before is { IsHealthy: true, IsStarted: true }
        ? $"{before.Title} is a member of etcd already and answers; a new server needs a name and an address of its own{(before.Name == name ? "" : $" ({before.PeerAddresses[0].Authority} is taken)")}."
        : null;
}
