namespace Flotilla.Storage.Etcd.Upkeep;

public sealed class UpkeepOptions
{
    /// <summary>Of this machine's member; all members should have the same.</summary>
    public required long QuotaBytes { get; init; }

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A defragmentation holds its member up, so it must free at least this much ...</summary>
    public long LeastFreedBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>... and this part of the database.</summary>
    public double LeastFreedPart { get; init; } = 0.45;

    /// <summary>A database that takes this part of the quota is defragmented for less.</summary>
    public double PressingPart { get; init; } = 0.75;

    /// <summary>What is really stored takes this part of the quota: time to warn.</summary>
    public double WarningPart { get; init; } = 0.75;

    /// <summary>etcd forgets after it has said that it does: what is in use later is really stored.</summary>
    public TimeSpan TimeToForget { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a member may take to defragment: etcd copies the whole database.</summary>
    public TimeSpan DefragmentTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
