using System.Globalization;

namespace Flotilla.Engine.Linux;

/// <summary>What the kernel counts for a container, on both versions of its control groups.</summary>
internal static class Cgroups
{
    private const string Root = "/sys/fs/cgroup";

    private static bool IsUnified => File.Exists(Root + "/cgroup.controllers");

    /// <summary>Whether the kernel has ended a process of it for want of memory.</summary>
    public static bool HadToKill(string group)
    {
        var file = IsUnified ? $"{Root}{group}/memory.events" : $"{Root}/memory{group}/memory.oom_control";
        return Fields(file).GetValueOrDefault("oom_kill") > 0;
    }

    public static CgroupUsage Usage(string group) => IsUnified ? Unified(Root + group) : new CgroupUsage(
        Number($"{Root}/cpuacct{group}/cpuacct.usage"),
        Fields($"{Root}/cpuacct{group}/cpuacct.stat").GetValueOrDefault("user") * NanosecondsPerTick,
        Fields($"{Root}/cpuacct{group}/cpuacct.stat").GetValueOrDefault("system") * NanosecondsPerTick,
        Number($"{Root}/memory{group}/memory.usage_in_bytes"), Number($"{Root}/memory{group}/memory.limit_in_bytes"),
        Fields($"{Root}/memory{group}/memory.stat").GetValueOrDefault("total_inactive_file"), Number($"{Root}/pids{group}/pids.current"));

    /// <summary>The group and those in it, of every hierarchy. What is in use stays.</summary>
    public static void Remove(string group)
    {
        foreach (var hierarchy in IsUnified ? [Root] : Directory.EnumerateDirectories(Root))
        {
            foreach (var inner in Directory.Exists(hierarchy + group) ? Directory.EnumerateDirectories(hierarchy + group) : [])
            {
                Native.RemoveDirectory(inner);
            }

            Native.RemoveDirectory(hierarchy + group);
        }
    }

    private const long NanosecondsPerTick = 10_000_000;

    private static CgroupUsage Unified(string directory)
    {
        var cpu = Fields(directory + "/cpu.stat");
        return new CgroupUsage(
            cpu.GetValueOrDefault("usage_usec") * 1000, cpu.GetValueOrDefault("user_usec") * 1000, cpu.GetValueOrDefault("system_usec") * 1000,
            Number(directory + "/memory.current"), Number(directory + "/memory.max"), Fields(directory + "/memory.stat").GetValueOrDefault("inactive_file"), Number(directory + "/pids.current"));
    }

    private static Dictionary<string, long> Fields(string file) =>
        Read(file).Split('\n').Select(line => line.Split(' ')).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => long.TryParse(pair[1], CultureInfo.InvariantCulture, out var number) ? number : 0, StringComparer.Ordinal);

    private static long Number(string file) => long.TryParse(Read(file).Trim(), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }
}

/// <summary>Nanoseconds and bytes.</summary>
internal sealed record CgroupUsage(long Cpu, long UserCpu, long SystemCpu, long Memory, long MemoryLimit, long InactiveFile, long Processes);
