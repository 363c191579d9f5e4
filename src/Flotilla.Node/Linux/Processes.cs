using System.Globalization;

namespace Flotilla.Node.Linux;

/// <summary>The process table, read from /proc.</summary>
internal static class Processes
{
    public static bool IsAlive(int process) => Stat(process) is { } stat && stat.State != 'Z';

    /// <summary>Processes one of whose arguments is exactly <paramref name="argument"/>.</summary>
    public static List<int> WithArgument(string argument) =>
        All().Where(process => Arguments(process).Contains(argument, StringComparer.Ordinal)).ToList();

    public static string[] Arguments(int process) => (Read(process, "cmdline") ?? "").Split('\0');

    /// <summary>Processes whose root is an overlay that is written below <paramref name="directory"/>: a container of that containerd.</summary>
    public static List<int> WithRootBelow(string directory) =>
        All().Where(process => (Read(process, "mountinfo") ?? "").Split('\n').Any(mount => IsRootBelow(mount, directory))).ToList();

    /// <summary>All processes below the given ones.</summary>
    public static List<int> Descendants(IReadOnlyCollection<int> roots)
    {
        var children = All().ToLookup(process => Stat(process)?.Parent ?? 0);
        var found = new List<int>();
        var next = new Queue<int>(roots);
        while (next.TryDequeue(out var parent))
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                next.Enqueue(child);
            }
        }
        return found;
    }

    private static IEnumerable<int> All() =>
        Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? process : 0)
            .Where(process => process > 0);

    // "22 1 0:30 / / rw,relatime - overlay overlay rw,lowerdir=...,upperdir=...,workdir=...": the fifth field is the mount point.
    private static bool IsRootBelow(string mount, string directory) =>
        mount.Split(' ', 6) is [_, _, _, _, "/", var rest] && rest.Contains($"upperdir={directory}/", StringComparison.Ordinal);

    private static (char State, int Parent)? Stat(int process)
    {
        if (Read(process, "stat") is not { Length: > 0 } stat)
        {
            return null;
        }
        // "pid (name) S ppid ...": the name may hold anything, also parentheses.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
    }

    /// <returns>null when the process has ended.</returns>
    private static string? Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
