using System.Globalization;

namespace Flotilla.Node.Status;

/// <summary>What the machine runs short of, by upstream's default thresholds.</summary>
internal readonly record struct NodePressure(bool Memory, bool Disk, bool Processes)
{
    private const long LeastMemoryBytes = 100L << 20;
    private const double LeastDisk = 0.1;
    private const double MostProcesses = 0.95;

    public static NodePressure OfThisMachine(NodeOptions options)
    {
        var disk = NodeCapacity.DiskOf(options.DataDirectory);
        return new NodePressure(
            AvailableMemoryBytes() < LeastMemoryBytes,
            disk.AvailableFreeSpace < disk.TotalSize * LeastDisk,
            RunningProcesses() > ReadNumber("/proc/sys/kernel/pid_max") * MostProcesses);
    }

    private static long AvailableMemoryBytes()
    {
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(text => text.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line is null ? long.MaxValue : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    // "0.10 0.20 0.30 1/345 678": runnable and all tasks.
    private static long RunningProcesses()
    {
        var tasks = File.ReadAllText("/proc/loadavg").Split(' ')[3];
        return long.Parse(tasks[(tasks.IndexOf('/', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);
    }

    private static long ReadNumber(string path) => long.Parse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture);
}
