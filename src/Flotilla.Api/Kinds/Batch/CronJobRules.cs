using System.Text.Json.Nodes;
using Flotilla.Api.Cron;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Batch;

internal static class CronJobRules
{
    // A job's name is the cron job's name and eleven more characters.
    private const int MaximumName = 52;

    public static void Default(JsonObject item)
    {
        var spec = item.Child("spec");
        spec.DefaultText("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        if (spec.Object("jobTemplate").Object("spec") is { } job)
        {
            JobRules.DefaultTemplate(job);
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        foreach (var error in CheckSchedule(spec, old.Object("spec")).Concat(CheckZone(spec).RatchetedFor("time zone", spec.String("timeZone") ?? "")))
        {
            yield return error;
        }

        foreach (var error in FieldRules.NonNegative(spec, "startingDeadlineSeconds", "spec")
            .Concat(FieldRules.RequiredOneOf(spec, "concurrencyPolicy", "spec", "Allow", "Forbid", "Replace"))
            .Concat(MetadataRules.CheckTemplate(spec.Object("jobTemplate").Object("metadata"), "spec.jobTemplate.metadata"))
            .Concat(JobRules.CheckSpec(spec.Object("jobTemplate").Object("spec") ?? [], "spec.jobTemplate.spec", hasSelector: false))
            .Concat(FieldRules.NonNegative(spec, "successfulJobsHistoryLimit", "spec"))
            .Concat(FieldRules.NonNegative(spec, "failedJobsHistoryLimit", "spec")))
        {
            yield return error;
        }

        if (item.Object("metadata").String("name") is { Length: > MaximumName } name)
        {
            yield return FieldError.Invalid("metadata.name", name, "must be no more than 52 characters");
        }
    }

    private static IEnumerable<FieldError> CheckSchedule(JsonObject spec, JsonObject? old)
    {
        if (spec.String("schedule") is not { Length: > 0 } schedule)
        {
            yield return FieldError.Required("spec.schedule");
        }
        else
        {
            if (Wrong(schedule) is { } detail)
            {
                yield return FieldError.Invalid("spec.schedule", schedule, detail);
            }

            if (WrongZone(schedule, old.String("schedule"), spec.String("timeZone")) is { } zone)
            {
                yield return FieldError.Invalid("spec.schedule", schedule, zone);
            }
        }
    }

    private static IEnumerable<FieldError> CheckZone(JsonObject spec)
    {
        if (spec.String("timeZone") is not { } zone)
        {
            yield break;
        }

        if (zone.Length == 0)
        {
            yield return FieldError.Invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
        }
        else if (zone.Equals("Local", StringComparison.OrdinalIgnoreCase))
        {
            yield return FieldError.Invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            yield return FieldError.Invalid("spec.timeZone", zone, "unknown time zone " + zone);
        }
    }

    /// <summary>Zones in schedules were never meant; those that got in before may stay.</summary>
    private static string? WrongZone(string schedule, string? old, string? zone)
    {
        if (!schedule.Contains("TZ", StringComparison.Ordinal))
        {
            return null;
        }

        return old?.Contains("TZ", StringComparison.Ordinal) != true
            ? "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            : zone is null ? null : "cannot use both timeZone field and TZ or CRON_TZ in schedule";
    }

    private static string? Wrong(string schedule)
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
}
