using System.Globalization;
using Flotilla.Api.Cron;

namespace Flotilla.Api.Tests.Cron;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")]
    [InlineData("* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z")]
    [InlineData("*/15 * * * ?", "2026-01-01T00:45:00Z", "2026-01-01T01:00:00Z")]
    [InlineData("5/20 3 * * *", "2026-01-01T03:25:00Z", "2026-01-01T03:45:00Z")]
    [InlineData("0 0 1 JAN *", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("30 6-16/4 * * 1-5", "2026-01-02T14:30:00Z", "2026-01-05T06:30:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 31 2 *", "2026-01-01T00:00:00Z", null)]
    [InlineData("0 12 13 * fri", "2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z")]
    [InlineData("0 12 13 * *", "2026-01-01T12:00:00Z", "2026-01-13T12:00:00Z")]
    [InlineData("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")]
    [InlineData("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")]
    [InlineData("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("@every 1h30m", "2026-01-01T00:00:10Z", "2026-01-01T01:30:10Z")]
    [InlineData("@every 10ms", "2026-01-01T00:00:10Z", "2026-01-01T00:00:11Z")]
    [InlineData("TZ=Asia/Tokyo 0 9 * * *", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    public void The_next_time_is_found(string schedule, string after, string? expected) => Expect(schedule, "UTC", after, expected);

    [Theory]
    [InlineData("30 2 * * *", "2026-03-08T06:00:00Z", "2026-03-09T06:30:00Z")] // A clock that goes forward shows no half past two.
    [InlineData("30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z")] // One that goes back shows half past one twice.
    [InlineData("0 0 * * *", "2026-07-01T12:00:00Z", "2026-07-02T04:00:00Z")]
    public void Clocks_of_a_zone_are_followed_when_they_change(string schedule, string after, string expected) =>
        Expect(schedule, "America/New_York", after, expected);

    [Theory]
    [InlineData("", "empty spec string")]
    [InlineData("* * * *", "expected exactly 5 fields, found 4: [* * * *]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("* * * * 7", "end of range (7) above maximum (6): 7")]
    [InlineData("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [InlineData("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [InlineData("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData("@often", "unrecognized descriptor: @often")]
    [InlineData("@every now", "failed to parse duration @every now: time: invalid duration \"now\"")]
    [InlineData("TZ=Nowhere * * * * *", "provided bad location Nowhere: unknown time zone Nowhere")]
    public void Mistakes_are_named(string schedule, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => CronSchedule.Parse(schedule, TimeZoneInfo.Utc)).Message);

    private static void Expect(string schedule, string zone, string after, string? expected)
    {
        var next = CronSchedule.Parse(schedule, TimeZoneInfo.FindSystemTimeZoneById(zone)).NextAfter(Time(after));
        Assert.Equal(expected is null ? null : Time(expected), next);
    }

    private static DateTime Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).UtcDateTime;
}
