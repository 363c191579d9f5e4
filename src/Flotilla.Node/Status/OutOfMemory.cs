using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Node.Status;

/// <summary>What the kernel says when memory runs out: the machine's as a whole, or what a container may have.</summary>
internal static partial class OutOfMemory
{
    private const int KernelsOwn = 8;

    /// <param name="record">A line of <c>/dev/kmsg</c>.</param>
    /// <returns>The process that was killed for the machine; null: the record is about something else, or not the kernel's own.</returns>
    public static (string Process, int Id)? VictimOf(string record) =>
        Match(Victim(), record) is { } match ? (match.Groups[2].Value, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)) : null;

    /// <returns>The container of which a process was killed, whoever lacked the memory; null as before.</returns>
    public static string? ContainerOf(string record) => Match(Container(), record)?.Groups[1].Value;

    private static Match? Match(Regex words, string record)
    {
        var end = record.IndexOf(';', StringComparison.Ordinal);
        if (end < 0 || !int.TryParse(record.AsSpan(0, Math.Max(0, record.IndexOf(',', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture, out var priority) || priority >= KernelsOwn)
        {
            return null;
        }
        var match = words.Match(record, end + 1);
        return match.Success ? match : null;
    }

    [GeneratedRegex(@"\GOut of memory: Killed process (\d+) \((.+?)\)", RegexOptions.None, 1000)]
    private static partial Regex Victim();

    // The last of the group's names, which is the container's own or ends with it.
    [GeneratedRegex(@"\Goom-kill:.*,task_memcg=[^,]*?([0-9a-f]{64})(?:\.scope)?,", RegexOptions.None, 1000)]
    private static partial Regex Container();
}
