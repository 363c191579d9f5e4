namespace Flotilla.Storage;

public sealed class StorageOptions
{
    /// <summary>How long a watcher may have been away and still resume.</summary>
    public TimeSpan KeepHistory { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often older history is forgotten.</summary>
    public TimeSpan CompactEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Revisions forgotten in one step; writes go ahead between steps.</summary>
    public int CompactionStep { get; set; } = 500;

    /// <summary>Writes that may wait; more make the callers wait.</summary>
    public int QueueLength { get; set; } = 4096;

    /// <summary>Writes that share one commit at most.</summary>
    public int BatchLength { get; set; } = 1024;

    /// <summary>Recent events kept in memory for watches: no more than this many ...</summary>
    public int RecentEvents { get; set; } = 16384;

    /// <summary>... and no more than this many bytes of values.</summary>
    public long RecentBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>How large the database may grow; null: as large as the disk.</summary>
    public long? MaxBytes { get; set; }

    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepHistory, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CompactEvery, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CompactionStep);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(QueueLength);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchLength);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(RecentEvents);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(RecentBytes);
    }
}
