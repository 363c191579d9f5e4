using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Node.Linux;

/// <summary>The mount table.</summary>
internal static partial class Mounts
{
    /// <summary>Mount points at or below <paramref name="directory"/>, deepest and latest first: the order to unmount them in.</summary>
    public static List<string> Below(string directory)
    {
        var prefix = directory.TrimEnd('/');
        var points = File.ReadLines("/proc/self/mountinfo")
            .Select(line => Unescape(line.Split(' ')[4]))
            .Where(point => point == prefix || point.StartsWith(prefix + "/", StringComparison.Ordinal))
            .ToList();
        points.Reverse();
        return points;
    }

    public static void UnmountBelow(string directory)
    {
        foreach (var point in Below(directory))
        {
            Native.Unmount(point);
        }
    }

    // Blanks and the like stand as three octal digits.
    private static string Unescape(string text) =>
        text.Contains('\\') ? Octal().Replace(text, match => ((char)Convert.ToInt32(match.Groups[1].Value, 8)).ToString(CultureInfo.InvariantCulture)) : text;

    [GeneratedRegex(@"\\([0-7]{3})", RegexOptions.None, 1000)]
    private static partial Regex Octal();
}
