using System.Globalization;

namespace Flotilla.Node.Linux;

/// <summary>The process table, read from /proc.</summary>
internal static class Processes
{
    public static bool IsAlive(int process) => Stat(process) is { } stat && stat.State != 'Z';

    /// <summary>Processes one of whose arguments is exactly <paramref name="argument"/>.</summary>
    public static List<int> WithArgument(string argument) =>
        All().Where(process => Arguments(process).Contains(argument, StringComparer.Ordinal)).ToList();

    public static string[] Arguments(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

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

    private static (char State, int Parent)? Stat(int process)
    {
        try
        {
            // "pid (name) S ppid ...": the name may hold anything, also parentheses.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
