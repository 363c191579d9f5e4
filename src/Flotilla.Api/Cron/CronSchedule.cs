using System.Globalization;
using Flotilla.Cel.Values;

namespace Flotilla.Api.Cron;

/// <summary>
/// When a cron job is due: five fields, or <c>@hourly</c> and the like, or <c>@every 1h30m</c>, each after an optional
/// <c>TZ=</c> or <c>CRON_TZ=</c>. Times are whole seconds of UTC; the fields are those of a clock on the zone's walls.
/// </summary>
public abstract class CronSchedule
{
    /// <summary>The first moment after <paramref name="time"/>; null: never, as on the 31st of February.</summary>
    public abstract DateTime? NextAfter(DateTime time);

    /// <param name="zone">Where no zone stands in the text.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static CronSchedule Parse(string text, TimeZoneInfo zone)
    {
        if (text.Length == 0)
        {
            throw new FormatException("empty spec string");
        }

        if (text.StartsWith("TZ=", StringComparison.Ordinal) || text.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            var name = text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..(end < 0 ? text.Length : end)];
            zone = TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found)
                ? found
                : throw new FormatException($"provided bad location {name}: unknown time zone {name}");
            text = end < 0 ? "" : text[end..].Trim();
        }

        return text.StartsWith('@') ? Described(text, zone) : Fields(text, zone);
    }

    private static CronSchedule Described(string text, TimeZoneInfo zone)
    {
        const string Every = "@every ";
        if (text.StartsWith(Every, StringComparison.Ordinal))
        {
            var duration = text[Every.Length..];
            return Durations.TryParse(duration, out var nanoseconds)
                ? new CronInterval(TimeSpan.FromSeconds(Math.Max(1, nanoseconds / 1_000_000_000)))
                : throw new FormatException($"failed to parse duration {text}: time: invalid duration \"{duration}\"");
        }

        var first = CronField.Only(1);
        var (none, midnight) = (CronField.Only(0), CronField.Only(0));
        var (days, months, weekdays) = (CronField.All(CronBounds.DaysOfMonth), CronField.All(CronBounds.Months), CronField.All(CronBounds.DaysOfWeek));
        return text switch
        {
            "@yearly" or "@annually" => new CronCalendar(none, midnight, first, first, weekdays, zone),
            "@monthly" => new CronCalendar(none, midnight, first, months, weekdays, zone),
            "@weekly" => new CronCalendar(none, midnight, days, months, CronField.Only(0), zone),
            "@daily" or "@midnight" => new CronCalendar(none, midnight, days, months, weekdays, zone),
            "@hourly" => new CronCalendar(none, CronField.All(CronBounds.Hours), days, months, weekdays, zone),
            _ => throw new FormatException($"unrecognized descriptor: {text}"),
        };
    }

    private static CronCalendar Fields(string text, TimeZoneInfo zone)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            throw new FormatException(string.Create(
                CultureInfo.InvariantCulture, $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]"));
        }

        return new CronCalendar(
            CronField.Parse(fields[0], CronBounds.Minutes),
            CronField.Parse(fields[1], CronBounds.Hours),
            CronField.Parse(fields[2], CronBounds.DaysOfMonth),
            CronField.Parse(fields[3], CronBounds.Months),
            CronField.Parse(fields[4], CronBounds.DaysOfWeek),
            zone);
    }
}

internal sealed class CronInterval(TimeSpan interval) : CronSchedule
{
    public override DateTime? NextAfter(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)) + interval;
}
