using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Storage.Etcd.Upkeep;

/// <summary>
/// A learner whose machine never comes would keep all others out, since etcd bears one at a time: after a while it has to
/// go. It counts for nothing, so nothing is lost.
/// </summary>
/// <param name="patience">How long one may be silent.</param>
internal sealed class StaleLearners(TimeSpan patience, TimeProvider time)
{
    private readonly Dictionary<ulong, long> silentSince = [];

    public IReadOnlyList<EtcdMember> In(ClusterReport cluster)
    {
        var silent = cluster.Members.Where(member => member.IsLearner && !member.IsHealthy).ToList();
        foreach (var back in silentSince.Keys.Except(silent.Select(member => member.Id)).ToList())
        {
            silentSince.Remove(back);
        }

        foreach (var member in silent)
        {
            silentSince.TryAdd(member.Id, time.GetTimestamp());
        }

        return [.. silent.Where(member => time.GetElapsedTime(silentSince[member.Id]) >= patience)];
    }
}
