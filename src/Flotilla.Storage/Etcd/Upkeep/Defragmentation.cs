using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Storage.Etcd.Upkeep;

/// <summary>Which member to defragment next. It answers nothing meanwhile, so all the others must be well.</summary>
internal static class Defragmentation
{
    // Under pressure a tenth is worth it.
    private const double PressedPart = 0.1;

    /// <summary>Null: none, for now. Followers come before the leader, the emptiest first.</summary>
    public static EtcdMember? Next(ClusterReport cluster, UpkeepOptions options) => cluster.Members.All(member => member.IsHealthy)
        ? cluster.Members.Where(member => IsWorthwhile(member.Status!, options)).OrderBy(member => member.IsLeader).ThenByDescending(member => Reclaimable(member.Status!)).FirstOrDefault()
        : null;

    /// <summary>In need even a member whose neighbours are missing is defragmented: nothing can be written anyway.</summary>
    public static IEnumerable<EtcdMember> InNeed(ClusterReport cluster) =>
        cluster.Members.Where(member => member.Status is { } status && Reclaimable(status) > 0).OrderBy(member => member.IsLeader);

    private static bool IsWorthwhile(MemberStatus status, UpkeepOptions options)
    {
        var isPressing = status.DatabaseBytes >= options.QuotaBytes * options.PressingPart;
        return Reclaimable(status) >= status.DatabaseBytes * (isPressing ? PressedPart : options.LeastFreedPart)
            && (isPressing || Reclaimable(status) >= options.LeastFreedBytes);
    }

    private static long Reclaimable(MemberStatus status) => status.DatabaseBytes - status.BytesInUse;
}
