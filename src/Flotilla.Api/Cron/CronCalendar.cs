namespace Flotilla.Api.Cron;

/// <summary>
/// Moments whose minute, hour, day and month on the zone's clocks are all allowed. An hour that a clock skips has no
/// moments; one that it shows twice has them twice.
/// </summary>
internal sealed class CronCalendar(
    CronField minutes, CronField hours, CronField days, CronField months, CronField weekdays, TimeZoneInfo zone) : CronSchedule
{
    private const int YearsToLook = 5;

    public override DateTime? NextAfter(DateTime time)
    {
        var moment = time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMinute)).AddMinutes(1);
        var last = Wall(moment).Year + YearsToLook;
        while (true)
        {
            var wall = Wall(moment);
            if (wall.Year > last)
            {
                return null;
            }

            if (!months.Allows(wall.Month))
            {
                moment = BeginningOf(new DateTime(wall.Year, wall.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(1));
            }
            else if (!AllowsDay(wall))
            {
                moment = BeginningOf(wall.Date.AddDays(1));
            }
            else if (!hours.Allows(wall.Hour))
            {
                moment = moment.AddMinutes(60 - wall.Minute);
            }
            else if (!minutes.Allows(wall.Minute))
            {
                moment = moment.AddMinutes(1);
            }
            else
            {
                return moment;
            }
        }
    }

    private bool AllowsDay(DateTime wall)
    {
        var (day, weekday) = (days.Allows(wall.Day), weekdays.Allows((int)wall.DayOfWeek));
        return days.IsAny || weekdays.IsAny ? day && weekday : day || weekday;
    }

    private DateTime Wall(DateTime moment) => TimeZoneInfo.ConvertTimeFromUtc(moment, zone);

    /// <summary>The moment at which a day begins, even if its clocks skip midnight.</summary>
    private DateTime BeginningOf(DateTime midnight)
    {
        while (zone.IsInvalidTime(midnight))
        {
            midnight = midnight.AddMinutes(15);
        }

        return TimeZoneInfo.ConvertTimeToUtc(DateTime.SpecifyKind(midnight, DateTimeKind.Unspecified), zone);
    }
}
