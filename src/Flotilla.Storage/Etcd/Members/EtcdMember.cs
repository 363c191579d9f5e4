namespace Flotilla.Storage.Etcd.Members;

/// <summary>One member, as the cluster knows it and as it answers for itself.</summary>
/// <param name="Name">Of its server; empty: it was added and has not started yet.</param>
/// <param name="PeerAddresses">Where the other members find it.</param>
/// <param name="IsLearner">It only listens until it has caught up, and counts for nothing.</param>
public sealed record EtcdMember(ulong Id, string Name, IReadOnlyList<Uri> PeerAddresses, IReadOnlyList<Uri> ClientAddresses, bool IsLearner)
{
    /// <summary>Null: it does not answer.</summary>
    public MemberStatus? Status { get; init; }

    /// <summary>Why it is not healthy; null: it is.</summary>
    public string? Problem { get; init; }

    public bool IsHealthy => Problem is null;

    public bool IsStarted => Name.Length > 0;

    public bool IsLeader => Status?.Leader == Id;

    /// <summary>Its name, or where it is to be.</summary>
    public string Title => IsStarted ? Name : PeerAddresses is [var address, ..] ? address.Authority : $"{Id:x}";
}

/// <summary>What a member says of itself.</summary>
/// <param name="Leader">The member it follows; 0: none, so that it can neither write nor read what is newest.</param>
/// <param name="DatabaseBytes">On its disk, with what a defragmentation would free.</param>
/// <param name="BytesInUse">Of them, what is really stored.</param>
/// <param name="AppliedIndex">How far it has followed the cluster's log.</param>
public sealed record MemberStatus(string Version, ulong Leader, ulong AppliedIndex, long DatabaseBytes, long BytesInUse);
