using System.Globalization;

namespace Flotilla.Node.Statistics;

/// <summary>Reads the kernel's accounts of cgroups, from the unified hierarchy or from one tree per controller.</summary>
internal sealed class CgroupFiles(TimeProvider time, string mountPoint = "/sys/fs/cgroup")
{
    // What a limit of "none" reads as: the largest number of whole pages.
    private const long Unlimited = long.MaxValue & ~0xFFFFL;
    private const long NanosecondsPerTick = 1_000_000_000 / 100;
    private readonly bool unified = File.Exists(Path.Combine(mountPoint, "cgroup.controllers"));

    /// <param name="path">Absolute within the hierarchy.</param>
    /// <returns>null when there is no such cgroup (any more).</returns>
    public CgroupCounters? Read(string path)
    {
        try
        {
            return unified ? ReadUnified(Path.Combine(mountPoint, path.TrimStart('/'))) : ReadSeparate(path.TrimStart('/'));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Any process of the cgroup itself; null when there is none.</summary>
    public int? AnyProcess(string path)
    {
        try
        {
            var directory = unified ? mountPoint : Path.Combine(mountPoint, "memory");
            var first = File.ReadLines(Path.Combine(directory, path.TrimStart('/'), "cgroup.procs")).FirstOrDefault();
            return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var process) && process > 0 ? process : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private CgroupCounters ReadUnified(string directory)
    {
        var cpu = Table(directory, "cpu.stat");
        var memory = Table(directory, "memory.stat");
        var events = Table(directory, "memory.events");
        // The root has no such file: there, everything that is not free is used.
        var used = Number(directory, "memory.current") ?? memory.GetValueOrDefault("anon") + memory.GetValueOrDefault("file") + memory.GetValueOrDefault("slab");
        var weight = Number(directory, "cpu.weight") ?? 0;
        return new CgroupCounters
        {
            Time = time.GetUtcNow(),
            CpuNanoseconds = cpu.GetValueOrDefault("usage_usec") * 1000,
            CpuUserNanoseconds = cpu.GetValueOrDefault("user_usec") * 1000,
            CpuSystemNanoseconds = cpu.GetValueOrDefault("system_usec") * 1000,
            Periods = cpu.GetValueOrDefault("nr_periods"),
            ThrottledPeriods = cpu.GetValueOrDefault("nr_throttled"),
            ThrottledNanoseconds = cpu.GetValueOrDefault("throttled_usec") * 1000,
            MemoryBytes = used,
            WorkingSetBytes = Math.Max(0, used - memory.GetValueOrDefault("inactive_file")),
            RssBytes = memory.GetValueOrDefault("anon"),
            CacheBytes = memory.GetValueOrDefault("file"),
            MappedFileBytes = memory.GetValueOrDefault("file_mapped"),
            SwapBytes = Number(directory, "memory.swap.current") ?? 0,
            MaxMemoryBytes = Number(directory, "memory.peak") ?? 0,
            PageFaults = memory.GetValueOrDefault("pgfault"),
            MajorPageFaults = memory.GetValueOrDefault("pgmajfault"),
            MemoryLimitBytes = Number(directory, "memory.max"),
            OomKills = events.GetValueOrDefault("oom_kill"),
            MemoryFailures = events.GetValueOrDefault("max"),
            Processes = Number(directory, "pids.current") ?? 0,
            CpuShares = weight == 0 ? 0 : 2 + ((weight - 1) * 262142 / 9999),
        };
    }

    private CgroupCounters ReadSeparate(string path)
    {
        string In(string controller) => Path.Combine(mountPoint, controller, path);
        var (cpu, memory) = (Table(In("cpuacct"), "cpuacct.stat"), Table(In("memory"), "memory.stat"));
        var throttling = Table(In("cpu"), "cpu.stat");
        var used = Required(In("memory"), "memory.usage_in_bytes");
        var limit = Number(In("memory"), "memory.limit_in_bytes");
        return new CgroupCounters
        {
            Time = time.GetUtcNow(),
            CpuNanoseconds = Required(In("cpuacct"), "cpuacct.usage"),
            CpuUserNanoseconds = cpu.GetValueOrDefault("user") * NanosecondsPerTick,
            CpuSystemNanoseconds = cpu.GetValueOrDefault("system") * NanosecondsPerTick,
            Periods = throttling.GetValueOrDefault("nr_periods"),
            ThrottledPeriods = throttling.GetValueOrDefault("nr_throttled"),
            ThrottledNanoseconds = throttling.GetValueOrDefault("throttled_time"),
            MemoryBytes = used,
            WorkingSetBytes = Math.Max(0, used - memory.GetValueOrDefault("total_inactive_file")),
            RssBytes = memory.GetValueOrDefault("total_rss"),
            CacheBytes = memory.GetValueOrDefault("total_cache"),
            MappedFileBytes = memory.GetValueOrDefault("total_mapped_file"),
            SwapBytes = memory.GetValueOrDefault("total_swap"),
            MaxMemoryBytes = Number(In("memory"), "memory.max_usage_in_bytes") ?? 0,
            PageFaults = memory.GetValueOrDefault("total_pgfault"),
            MajorPageFaults = memory.GetValueOrDefault("total_pgmajfault"),
            MemoryLimitBytes = limit < Unlimited ? limit : null,
            OomKills = Table(In("memory"), "memory.oom_control").GetValueOrDefault("oom_kill"),
            MemoryFailures = Number(In("memory"), "memory.failcnt") ?? 0,
            Processes = Number(In("pids"), "pids.current") ?? 0,
            CpuShares = Number(In("cpu"), "cpu.shares") ?? 0,
        };
    }

    private static long Required(string directory, string file) =>
        long.Parse(File.ReadAllText(Path.Combine(directory, file)).AsSpan().Trim(), CultureInfo.InvariantCulture);

    // Absent where the controller is, and "max" where there is no limit.
    private static long? Number(string directory, string file)
    {
        var path = Path.Combine(directory, file);
        return File.Exists(path) && long.TryParse(File.ReadAllText(path).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    private static Dictionary<string, long> Table(string directory, string file)
    {
        var path = Path.Combine(directory, file);
        var table = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in File.Exists(path) ? File.ReadAllText(path).Split('\n') : [])
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && long.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                table[line[..space]] = value;
            }
        }
        return table;
    }
}
