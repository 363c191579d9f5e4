using System.Globalization;
using Flotilla.Api.Cron;
using Flotilla.Cel.Values;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Docker;

namespace Flotilla.Swarm.Services;

/// <summary>What labels of a service ask for beyond Docker's fields. Pure.</summary>
internal static class ServiceLabels
{
    public const string Prefix = "flotilla.";
    public const string AutoscaleMin = "flotilla.autoscale.min";
    public const string AutoscaleMax = "flotilla.autoscale.max";

    /// <summary>Percent of the reservation, as that of memory.</summary>
    public const string AutoscaleCpu = "flotilla.autoscale.cpu";
    public const string AutoscaleMemory = "flotilla.autoscale.memory";

    /// <summary><c>true</c>: tasks move to nodes that have fewer, one after the other.</summary>
    public const string Rebalance = "flotilla.rebalance";
    public const string RebalanceInterval = "flotilla.rebalance.interval";

    /// <summary>When a job runs, as cron has it.</summary>
    public const string Schedule = "flotilla.schedule";

    /// <summary><c>forbid</c> (the usual) or <c>replace</c>: what becomes of a run that is under way when the next is due.</summary>
    public const string ScheduleConcurrency = "flotilla.schedule.concurrency";

    /// <summary>Names of services, with commas, all of whose tasks must run before a task of this one starts.</summary>
    public const string DependsOn = "flotilla.depends-on";

    /// <summary><c>true</c>: published ports lead to tasks of the node that is asked alone, which see who asks.</summary>
    public const string KeepSourceAddress = "flotilla.keep-source-address";

    private const string StackLabel = "com.docker.stack.namespace";
    private const string True = "true";
    private static readonly TimeSpan UsualInterval = TimeSpan.FromSeconds(30);
    private static readonly string[] Known = [AutoscaleMin, AutoscaleMax, AutoscaleCpu, AutoscaleMemory, Rebalance, RebalanceInterval, Schedule, ScheduleConcurrency, DependsOn, KeepSourceAddress];

    public static bool IsSet(ServiceSpec spec, string label) => TextOf(spec, label) == True;

    public static string? TextOf(ServiceSpec spec, string label) => spec.Labels?.GetValueOrDefault(label) is { Length: > 0 } text ? text : null;

    public static int? NumberOf(ServiceSpec spec, string label) => int.TryParse(TextOf(spec, label), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static TimeSpan IntervalOf(ServiceSpec spec) =>
        TextOf(spec, RebalanceInterval) is { } text && Durations.TryParse(text, out var nanoseconds) ? TimeSpan.FromTicks(nanoseconds / 100) : UsualInterval;

    /// <summary>null: it runs once for each spec.</summary>
    public static CronSchedule? ScheduleOf(ServiceSpec spec) => TextOf(spec, Schedule) is { } text ? CronSchedule.Parse(text, TimeZoneInfo.Utc) : null;

    /// <summary>As they are called in the swarm: what belongs to the same stack may be named without it.</summary>
    public static IEnumerable<IReadOnlyList<string>> DependenciesOf(ServiceSpec spec) => (TextOf(spec, DependsOn) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(name => (IReadOnlyList<string>)(spec.Labels!.GetValueOrDefault(StackLabel) is { Length: > 0 } stack ? [$"{stack}_{name}", name] : [name]));

    /// <exception cref="DockerException">A label says what cannot be.</exception>
    public static void Check(ServiceSpec spec)
    {
        foreach (var (name, text) in (spec.Labels ?? new Dictionary<string, string>()).Where(label => Known.Contains(label.Key, StringComparer.Ordinal)))
        {
            if (Fault(name, text) is { } why)
            {
                throw DockerException.Invalid($"label {name}={text}: {why}");
            }
        }

        var isJob = spec.Mode is { ReplicatedJob: not null } or { GlobalJob: not null };
        Refuse(TextOf(spec, Schedule) is not null && !isJob, $"label {Schedule}: only jobs run at times; use --mode replicated-job or global-job");
        Refuse(NumberOf(spec, AutoscaleMax) is not null && spec.Mode?.Replicated is null, $"label {AutoscaleMax}: only replicated services have a number of tasks");
        Refuse(NumberOf(spec, AutoscaleMax) < (NumberOf(spec, AutoscaleMin) ?? 1), $"label {AutoscaleMax}: must not be less than {AutoscaleMin}");
        Refuse(NumberOf(spec, AutoscaleMax) is null && Known.Take(4).Any(name => TextOf(spec, name) is not null), $"label {AutoscaleMax} must say how many tasks there may be");
    }

    private static string? Fault(string name, string text) => name switch
    {
        AutoscaleMin or AutoscaleMax or AutoscaleCpu or AutoscaleMemory => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? null : "must be a whole number greater than 0",
        Rebalance or KeepSourceAddress => text is True or "false" ? null : "must be true or false",
        RebalanceInterval => Durations.TryParse(text, out var nanoseconds) && nanoseconds >= 1_000_000_000 ? null : "must be a duration of 1s at least",
        ScheduleConcurrency => text is "forbid" or "replace" ? null : "must be forbid or replace",
        Schedule => Fault(text),
        _ => null,
    };

    private static string? Fault(string schedule)
    {
        try
        {
            CronSchedule.Parse(schedule, TimeZoneInfo.Utc);
            return null;
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
    }

    private static void Refuse(bool isWrong, string why)
    {
        if (isWrong)
        {
            throw DockerException.Invalid(why);
        }
    }
}
