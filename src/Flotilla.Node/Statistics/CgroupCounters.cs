namespace Flotilla.Node.Statistics;

/// <summary>What the kernel has counted for one cgroup up to one moment. Times in nanoseconds, memory in bytes.</summary>
internal sealed record CgroupCounters
{
    public DateTimeOffset Time { get; init; }

    public long CpuNanoseconds { get; init; }

    public long CpuUserNanoseconds { get; init; }

    public long CpuSystemNanoseconds { get; init; }

    /// <summary>Everything, also what the kernel could take back at once.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>What it could not take back at once.</summary>
    public long WorkingSetBytes { get; init; }

    public long RssBytes { get; init; }

    public long CacheBytes { get; init; }

    public long MappedFileBytes { get; init; }

    public long SwapBytes { get; init; }

    public long MaxMemoryBytes { get; init; }

    public long PageFaults { get; init; }

    public long MajorPageFaults { get; init; }

    /// <summary>null: none.</summary>
    public long? MemoryLimitBytes { get; init; }

    public long OomKills { get; init; }

    public long MemoryFailures { get; init; }

    public long Processes { get; init; }

    public long CpuShares { get; init; }

    public long ThrottledPeriods { get; init; }

    public long Periods { get; init; }

    public long ThrottledNanoseconds { get; init; }
}
