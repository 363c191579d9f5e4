using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Node.Status;

/// <summary>What the kernel says when the machine as a whole is out of memory. A container that exceeds its own limit is told otherwise.</summary>
internal static partial class OutOfMemory
{
    private const int KernelsOwn = 8;

    /// <param name="record">A line of <c>/dev/kmsg</c>.</param>
    /// <returns>The process that was killed; null: the record is about something else, or not the kernel's own.</returns>
    public static (string Process, int Id)? VictimOf(string record)
    {
        var end = record.IndexOf(';', StringComparison.Ordinal);
        if (end < 0 || !int.TryParse(record.AsSpan(0, Math.Max(0, record.IndexOf(',', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture, out var priority) || priority >= KernelsOwn)
        {
            return null;
        }
        var match = Victim().Match(record, end + 1);
        return match.Success ? (match.Groups[2].Value, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)) : null;
    }

    [GeneratedRegex(@"\GOut of memory: Killed process (\d+) \((.+?)\)", RegexOptions.None, 1000)]
    private static partial Regex Victim();
}
