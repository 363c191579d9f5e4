using Flotilla.Cel.Checking;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>The parts of instants and spans of time.</summary>
internal static class Times
{
    public static void AddTo(FunctionTable table)
    {
        Part(table, "getFullYear", "year", time => time.Year);
        Part(table, "getMonth", "month", time => time.Month - 1);
        Part(table, "getDayOfYear", "day_of_year", time => time.DayOfYear - 1);
        Part(table, "getDayOfMonth", "day_of_month", time => time.Day - 1);
        Part(table, "getDate", "day_of_month_1_based", time => time.Day);
        Part(table, "getDayOfWeek", "day_of_week", time => (int)time.DayOfWeek);
        Part(table, "getHours", "hours", time => time.Hour);
        Part(table, "getMinutes", "minutes", time => time.Minute);
        Part(table, "getSeconds", "seconds", time => time.Second);
        Part(table, "getMilliseconds", "milliseconds", null);
        Span(table, "getHours", "hours", 3_600_000_000_000);
        Span(table, "getMinutes", "minutes", 60_000_000_000);
        Span(table, "getSeconds", "seconds", 1_000_000_000);
        Span(table, "getMilliseconds", "milliseconds", 1_000_000);
    }

    private static void Part(FunctionTable table, string name, string id, Func<DateTime, int>? part)
    {
        CelValue Read(CelValue value, string zone)
        {
            var time = (TimestampValue)value;
            return Timestamps.InZone(time, zone) is not { } local ? new ErrorValue($"unknown time zone {zone}")
                : new IntValue(part?.Invoke(local) ?? time.Nanoseconds / 1_000_000);
        }
        table.Member(name, $"timestamp_to_{id}", [CelType.Timestamp], CelType.Int, values => Read(values[0], ""));
        table.Member(name, $"timestamp_to_{id}_with_tz", [CelType.Timestamp, CelType.String], CelType.Int,
            values => Read(values[0], ((StringValue)values[1]).Value));
    }

    private static void Span(FunctionTable table, string name, string id, long unit) =>
        table.Member(name, $"duration_to_{id}", [CelType.Duration], CelType.Int,
            values => new IntValue(((DurationValue)values[0]).Nanoseconds / unit));
}
