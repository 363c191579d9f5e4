using System.Globalization;
using Flotilla.Api.Cron;
using Flotilla.Controllers.CronJobs;
using k8s.Models;

namespace Flotilla.Controllers.Tests.CronJobs;

public sealed class StartTimesTests
{
    [Theory]
    [InlineData("0 * * * *", null, "00:59:00", null, 0)]
    [InlineData("0 * * * *", null, "01:00:00", "01:00:00", 0)]
    [InlineData("0 * * * *", null, "01:10:00", "01:00:00", 0)]
    [InlineData("0 * * * *", null, "04:10:00", "04:00:00", 4)]
    [InlineData("*/5 * * * *", null, "10:02:00", "10:00:00", 120)]
    [InlineData("*/5 * * * *", 600, "10:02:00", "10:00:00", 2)]
    [InlineData("0 * * * *", 300, "01:10:00", null, 0)]
    [InlineData("@every 7m", null, "01:00:00", "00:56:00", 8)]
    public void The_latest_start_that_passed_is_due(string schedule, int? deadline, string now, string? due, long missed)
    {
        var times = StartTimes.For(New(deadline), CronSchedule.Parse(schedule, TimeZoneInfo.Utc), At(now), withDeadline: true);
        Assert.Equal((due is null ? null : At(due), missed), (times.Due, times.Missed));
    }

    [Theory]
    [InlineData("0 * * * *", "00:59:00", 60.1)]
    [InlineData("0 * * * *", "01:00:00", 3600.1)]
    [InlineData("*/5 * * * *", "10:02:00", 180.1)]
    public void The_next_look_is_at_the_next_start(string schedule, string now, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), StartTimes.UntilNext(New(null), CronSchedule.Parse(schedule, TimeZoneInfo.Utc), At(now)));

    [Fact]
    public void A_schedule_that_never_comes_due_is_an_error() =>
        Assert.Throws<FormatException>(() => StartTimes.For(New(null), CronSchedule.Parse("59 23 31 2 *", TimeZoneInfo.Utc), At("01:00:00"), true));

    private static V1CronJob New(int? deadline) => new()
    {
        Metadata = new V1ObjectMeta { Name = "tick", CreationTimestamp = At("00:00:00") },
        Spec = new V1CronJobSpec { StartingDeadlineSeconds = deadline },
    };

    private static DateTime At(string time) => DateTime.SpecifyKind(
        new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) + TimeSpan.Parse(time, CultureInfo.InvariantCulture), DateTimeKind.Utc);
}
