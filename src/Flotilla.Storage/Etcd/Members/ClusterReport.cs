namespace Flotilla.Storage.Etcd.Members;

/// <summary>How a cluster is: its members, and whether enough of them answer.</summary>
public sealed record ClusterReport(IReadOnlyList<EtcdMember> Members)
{
    /// <summary>Those that count.</summary>
    public IEnumerable<EtcdMember> Voters => Members.Where(member => !member.IsLearner);

    /// <summary>So many voters must be there for anything to be written.</summary>
    public int Quorum => QuorumOf(Voters.Count());

    public bool HasQuorum => Voters.Count(member => member.IsHealthy) >= Quorum;

    public EtcdMember? Leader => Members.FirstOrDefault(member => member.IsLeader);

    /// <summary>Null: all is well. Otherwise one sentence or two that say what is wrong and what to do.</summary>
    public string? Problem
    {
        get
        {
            var missing = Voters.Where(member => !member.IsHealthy).ToList();
            return missing.Count == 0 ? null
                : HasQuorum ? WithoutSome(missing)
                : Voters.Count() == 1 ? $"etcd's only member, {missing[0].Title}, {missing[0].Problem}; its server starts it again when it ends, and {missing[0].Title}'s etcd.log says why."
                : WithoutQuorum([.. missing.Where(member => member.Status is null)]);
        }
    }

    public EtcdMember? Find(ulong id) => Members.FirstOrDefault(member => member.Id == id);

    internal static int QuorumOf(int voters) => (voters / 2) + 1;

    private string WithoutSome(List<EtcdMember> missing)
    {
        var spare = Voters.Count() - missing.Count - Quorum;
        return $"etcd works without {string.Join(", ", missing.Select(member => $"{member.Title} ({member.Problem})"))}, and {(spare > 0 ? $"{spare} more" : "no other")} may fail. "
            + $"Bring {(missing.Count == 1 ? "it" : "them")} back, or take {(missing.Count == 1 ? "it" : "them")} out with 'flotilla node rm'.";
    }

    // Who still answers but has no leader is not the reason.
    private string WithoutQuorum(List<EtcdMember> silent) => silent.Count == 0
        ? "etcd has no leader: its members answer, but do not reach one another at their peer addresses."
        : $"etcd has lost its quorum and nothing can be written: of {Voters.Count()} members {Quorum} must be there, but {string.Join(", ", silent.Select(member => member.Title))} {(silent.Count == 1 ? "does" : "do")} not answer. "
            + $"Start {(silent.Count == 1 ? "it" : "them")} again; if {(silent.Count == 1 ? "it is" : "they are")} gone for good, run 'flotilla up --force-new-cluster' on the one server that shall go on.";
}
