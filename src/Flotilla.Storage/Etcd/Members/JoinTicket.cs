namespace Flotilla.Storage.Etcd.Members;

/// <summary>What a new member needs to start. Whoever holds it still needs the certificates.</summary>
/// <param name="InitialCluster">etcd's own words: <c>name=https://10.0.0.1:2380,other=https://10.0.0.2:2380</c>, the new member among them.</param>
/// <param name="ClientAddresses">Of the members before it: the new one serves nobody until it is promoted.</param>
public sealed record JoinTicket(ulong MemberId, string InitialCluster, IReadOnlyList<Uri> ClientAddresses)
{
    // Names say nothing to etcd but must differ; a member that never started has none.
    internal static JoinTicket For(ulong id, string name, ClusterReport cluster) => new(
        id,
        string.Join(',', cluster.Members.SelectMany(member =>
            member.PeerAddresses.Select(address => $"{(member.Id == id ? name : member.IsStarted ? member.Name : $"{member.Id:x}")}={EtcdCluster.Text(address)}"))),
        [.. cluster.Voters.SelectMany(member => member.ClientAddresses)]);
}
