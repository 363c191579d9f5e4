using System.Globalization;

namespace Flotilla.Node.Statistics;

/// <summary>The machine as the kernel tells of it in /proc.</summary>
internal static class Machine
{
    /// <summary>What could be given to a process without swapping.</summary>
    public static long AvailableMemoryBytes() => MemoryBytes("MemAvailable:");

    public static long MostProcesses() => Number("/proc/sys/kernel/pid_max");

    /// <summary>All tasks, threads too. "0.10 0.20 0.30 1/345 678": runnable and all.</summary>
    public static long Processes()
    {
        var tasks = File.ReadAllText("/proc/loadavg").Split(' ')[3];
        return long.Parse(tasks[(tasks.IndexOf('/', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);
    }

    private static long MemoryBytes(string name)
    {
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(text => text.StartsWith(name, StringComparison.Ordinal));
        return line is null ? long.MaxValue : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    private static long Number(string path) => long.Parse(File.ReadAllText(path).AsSpan().Trim(), CultureInfo.InvariantCulture);
}
