using Flotilla.Storage.Etcd.Wire;
using Grpc.Core;

namespace Flotilla.Storage.Etcd.Members;

/// <summary>Asks one member for the list and each for itself, all at once and for a few seconds at most.</summary>
internal sealed class MemberSurvey(EtcdConnection connection, IReadOnlyList<Uri> endpoints)
{
    /// <exception cref="StorageException">No member answers.</exception>
    public async Task<ClusterReport> TakeAsync(CancellationToken cancellationToken)
    {
        var members = await Task.WhenAll((await MembersAsync(cancellationToken)).Select(member => AskAsync(Read(member), cancellationToken)));
        return InOrder(members);
    }

    /// <summary>What the list says, with nobody asked.</summary>
    public static ClusterReport Read(IEnumerable<Member> members) => InOrder(members.Select(Read));

    private static ClusterReport InOrder(IEnumerable<EtcdMember> members) =>
        new([.. members.OrderBy(member => member.Name, StringComparer.Ordinal).ThenBy(member => member.Id)]);

    private static EtcdMember Read(Member member) =>
        new(member.ID, member.Name, [.. member.PeerURLs.Select(url => new Uri(url))], [.. member.ClientURLs.Select(url => new Uri(url))], member.IsLearner);

    private async Task<IReadOnlyList<Member>> MembersAsync(CancellationToken cancellationToken)
    {
        RpcException? last = null;
        foreach (var address in endpoints)
        {
            try
            {
                return (await connection.At(address).Members.MemberListAsync(new MemberListRequest(), EtcdCluster.Bounded(cancellationToken))).Members;
            }
            catch (RpcException failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = failure;
            }
        }

        throw new StorageException($"No member of etcd answers ({string.Join(", ", endpoints.Select(address => address.Authority))}): {Reason(last!)}. Their servers must run and reach one another.", last);
    }

    private async Task<EtcdMember> AskAsync(EtcdMember member, CancellationToken cancellationToken)
    {
        if (member.ClientAddresses is not [var address, ..])
        {
            return member with { Problem = "has not started yet" };
        }

        try
        {
            var status = await connection.At(address).Maintenance.StatusAsync(new StatusRequest(), EtcdCluster.Bounded(cancellationToken));
            return member with
            {
                Status = new MemberStatus(status.Version, status.Leader, status.RaftAppliedIndex, status.DbSize, status.DbSizeInUse),
                Problem = status.Leader == 0 ? "knows no leader" : null,
            };
        }
        catch (RpcException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return member with { Problem = IsSilence(failure) || failure.StatusCode == StatusCode.Unavailable ? "does not answer" : Reason(failure) };
        }
    }

    // A process that holds still lets nobody connect either, once some have tried.
    private static bool IsSilence(RpcException failure) =>
        failure.StatusCode == StatusCode.DeadlineExceeded || failure.Status.DebugException?.GetBaseException() is TimeoutException or OperationCanceledException;

    private static string Reason(RpcException failure) =>
        IsSilence(failure) ? "it is silent" : failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail;
}
