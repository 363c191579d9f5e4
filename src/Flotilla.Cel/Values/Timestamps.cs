using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Cel.Values;

/// <summary>Instants in text, RFC 3339 with up to nine digits of a fraction.</summary>
internal static partial class Timestamps
{
    public static TimestampValue? Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success
            || !DateTime.TryParseExact(match.Groups[1].Value, "yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return null;
        }
        var nanoseconds = match.Groups[2].Success ? int.Parse(match.Groups[2].Value.PadRight(9, '0')[..9], CultureInfo.InvariantCulture) : 0;
        if (Offset(match.Groups[3].Value) is not { } offset)
        {
            return null;
        }
        var seconds = ((time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond) - offset;
        return seconds is < TimestampValue.MinSeconds or > TimestampValue.MaxSeconds ? null : new TimestampValue(seconds, nanoseconds);
    }

    public static TimestampValue? ParseDate(string text) =>
        DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? new TimestampValue((day.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond, 0) : null;

    /// <summary>The wall clock of an instant in a zone (a name or an offset like +02:00; empty is UTC), or null for an unknown zone.</summary>
    public static DateTime? InZone(TimestampValue time, string zone)
    {
        var utc = DateTimeOffset.FromUnixTimeSeconds(time.Seconds).UtcDateTime;
        if (zone is "" or "UTC" or "Z")
        {
            return utc;
        }
        if (zone.Contains(':', StringComparison.Ordinal))
        {
            return Offset(zone[0] is '+' or '-' ? zone : "+" + zone) is { } seconds ? Shift(utc, seconds) : null;
        }
        // Names are file names to the system: none of them may lead elsewhere.
        var isName = zone[0] != '/' && !zone.Contains("..", StringComparison.Ordinal);
        return isName && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found)
            ? Shift(utc, (long)found.GetUtcOffset(utc).TotalSeconds) : null;
    }

    private static DateTime? Shift(DateTime utc, long seconds)
    {
        var ticks = utc.Ticks + (seconds * TimeSpan.TicksPerSecond);
        return ticks < 0 || ticks > DateTime.MaxValue.Ticks ? null : new DateTime(ticks);
    }

    private static long? Offset(string text)
    {
        if (text is "Z")
        {
            return 0;
        }
        var parts = text[1..].Split(':');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) || hours > 24 || minutes > 59)
        {
            return null;
        }
        return (text[0] == '-' ? -1 : 1) * ((hours * 3600L) + (minutes * 60L));
    }

    [GeneratedRegex(@"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
