using Flotilla.Api.Cron;
using k8s.Models;

namespace Flotilla.Controllers.CronJobs;

/// <summary>Which start of a cron job is due, and how many others were missed meanwhile. Times are UTC.</summary>
/// <param name="Earliest">Nothing before this counts.</param>
/// <param name="Due">The latest start that has passed; null: none.</param>
/// <param name="Missed">About how many have passed.</param>
internal sealed record StartTimes(DateTime Earliest, DateTime? Due, long Missed)
{
    /// <summary>More than these point at a clock that is wrong.</summary>
    public const int TooMany = 100;

    // A timer that fires early must not find the start still ahead.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    /// <param name="withDeadline">Whether starts beyond the starting deadline are left out.</param>
    /// <exception cref="FormatException">The schedule never comes due.</exception>
    public static StartTimes For(V1CronJob cron, CronSchedule schedule, DateTime now, bool withDeadline)
    {
        var earliest = cron.Status?.LastScheduleTime ?? cron.Metadata.CreationTimestamp ?? now;
        if (withDeadline && cron.Spec.StartingDeadlineSeconds is { } seconds && now.AddSeconds(-seconds) is var limit && limit > earliest)
        {
            earliest = limit;
        }

        if (schedule.NextAfter(earliest) is not { } first || schedule.NextAfter(first) is not { } second)
        {
            throw new FormatException("time difference between two schedules is less than 1 second");
        }

        return now < first ? new StartTimes(earliest, null, 0)
            : now < second ? new StartTimes(earliest, first, 0)
            : Latest(earliest, first, second - first, schedule, now);
    }

    public static TimeSpan UntilNext(V1CronJob cron, CronSchedule schedule, DateTime now)
    {
        var from = After(cron, schedule, now);
        return (schedule.NextAfter(from) ?? now.AddYears(1)) + Margin - now;
    }

    private static DateTime After(V1CronJob cron, CronSchedule schedule, DateTime now)
    {
        try
        {
            var times = For(cron, schedule, now, withDeadline: false);
            return times.Due ?? (times.Missed == 0 ? times.Earliest : now);
        }
        catch (FormatException)
        {
            return now; // Looked at again all the same, in case the schedule comes due some day.
        }
    }

    /// <summary>Jumps near the end by the first interval, rather than counting years of starts one by one.</summary>
    private static StartTimes Latest(DateTime earliest, DateTime first, TimeSpan interval, CronSchedule schedule, DateTime now)
    {
        var missed = ((now - first).Ticks / TimeSpan.TicksPerSecond / (long)interval.TotalSeconds) + 1;
        DateTime? latest = null;
        for (var next = schedule.NextAfter(first + (interval * (missed - 2))); next is { } time && time <= now; next = schedule.NextAfter(time))
        {
            latest = time;
        }

        return new StartTimes(earliest, latest, missed);
    }
}
