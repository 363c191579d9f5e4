using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Linux.Mounts;

/// <summary>What is mounted where, as the kernel tells this process.</summary>
public static partial class MountTable
{
    /// <param name="directory">As the kernel knows it: without links on the way.</param>
    /// <returns>Mount points at or below it, deepest and latest first: the order to unmount them in.</returns>
    public static IReadOnlyList<string> Below(string directory)
    {
        var prefix = directory.TrimEnd('/');
        return [.. Points().Where(point => point == prefix || point.StartsWith(prefix + "/", StringComparison.Ordinal)).Reverse()];
    }

    /// <summary>Whether something is mounted right there.</summary>
    public static bool Has(string directory) => Points().Contains(directory, StringComparer.Ordinal);

    private static IEnumerable<string> Points() => File.ReadLines("/proc/self/mountinfo").Select(line => Unescape(line.Split(' ')[4]));

    // Blanks and the like stand as three octal digits.
    private static string Unescape(string text) =>
        text.Contains('\\') ? Octal().Replace(text, match => ((char)Convert.ToInt32(match.Groups[1].Value, 8)).ToString(CultureInfo.InvariantCulture)) : text;

    [GeneratedRegex(@"\\([0-7]{3})", RegexOptions.None, 1000)]
    private static partial Regex Octal();
}
