using Flotilla.Node.Statistics;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Statistics;

public sealed class CgroupFilesTests : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("flotilla-cgroups-");
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Reads_the_unified_hierarchy()
    {
        Write("cgroup.controllers", "cpu memory pids");
        Write("kubepods/cpu.stat", "usage_usec 2500\nuser_usec 2000\nsystem_usec 500\nnr_periods 4\nnr_throttled 1\nthrottled_usec 9\n");
        Write("kubepods/memory.current", "5000\n");
        Write("kubepods/memory.max", "max\n");
        Write("kubepods/memory.stat", "anon 3000\nfile 1500\ninactive_file 1200\npgfault 7\npgmajfault 2\n");
        Write("kubepods/memory.events", "max 3\noom_kill 1\n");
        Write("kubepods/pids.current", "6\n");
        Write("kubepods/cpu.weight", "39\n");
        var counters = new CgroupFiles(time, root.FullName).Read("/kubepods")!;
        Assert.Equal((2_500_000, 5000, 3800, 3000), (counters.CpuNanoseconds, counters.MemoryBytes, counters.WorkingSetBytes, counters.RssBytes));
        Assert.Equal((null, 1, 6, 7, 2), (counters.MemoryLimitBytes, counters.OomKills, counters.Processes, counters.PageFaults, counters.MajorPageFaults));
        Assert.InRange(counters.CpuShares, 990, 1030);
    }

    [Fact]
    public void Reads_one_tree_for_each_controller()
    {
        Write("cpuacct/kubepods/cpuacct.usage", "2500000\n");
        Write("memory/kubepods/memory.usage_in_bytes", "5000\n");
        Write("memory/kubepods/memory.limit_in_bytes", "9223372036854771712\n");
        Write("memory/kubepods/memory.stat", "total_rss 3000\ntotal_inactive_file 1200\n");
        Write("memory/kubepods/cgroup.procs", "42\n43\n");
        Write("pids/kubepods/pids.current", "6\n");
        var files = new CgroupFiles(time, root.FullName);
        var counters = files.Read("/kubepods")!;
        Assert.Equal((2_500_000, 3800, 3000, (long?)null, 6), (counters.CpuNanoseconds, counters.WorkingSetBytes, counters.RssBytes, counters.MemoryLimitBytes, counters.Processes));
        Assert.Equal(42, files.AnyProcess("/kubepods"));
        Assert.Null(files.Read("/kubepods/gone"));
        Assert.Null(files.AnyProcess("/kubepods/gone"));
    }

    [Fact]
    public void The_processors_use_is_the_mean_since_the_sample_before()
    {
        var before = new CgroupCounters { Time = time.GetUtcNow(), CpuNanoseconds = 1_000_000_000 };
        var now = new CgroupCounters { Time = before.Time.AddSeconds(10), CpuNanoseconds = 3_000_000_000 };
        Assert.Equal((200_000_000, TimeSpan.FromSeconds(10)), (CgroupUsage.Since(now, before, null).CpuNanocores, CgroupUsage.Since(now, before, null).Window));
        // What began meanwhile has used nothing before.
        Assert.Equal(750_000_000, CgroupUsage.Since(now, null, now.Time.AddSeconds(-4)).CpuNanocores);
        // Another cgroup of the same name, or one that has only begun.
        Assert.Null(CgroupUsage.Since(now with { CpuNanoseconds = 5 }, before, null).CpuNanocores);
        Assert.Null(CgroupUsage.Since(now, null, now.Time.AddMilliseconds(-5)).CpuNanocores);
    }

    public void Dispose() => root.Delete(recursive: true);

    private void Write(string file, string text)
    {
        var path = Path.Combine(root.FullName, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
