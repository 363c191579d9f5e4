using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Batch;

internal static class CronJobRules
{
    // A job's name is the cron job's name and eleven more characters.
    private const int MaximumName = 52;
    private static readonly string[] Descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    private static readonly (int Low, int High, string Names)[] Ranges =
    [
        (0, 59, ""), (0, 23, ""), (1, 31, ""), (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"), (0, 6, "sun mon tue wed thu fri sat"),
    ];

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
        foreach (var error in CheckSchedule(spec).Concat(CheckZone(spec)))
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

    private static IEnumerable<FieldError> CheckSchedule(JsonObject spec)
    {
        if (spec.String("schedule") is not { Length: > 0 } schedule)
        {
            yield return FieldError.Required("spec.schedule");
        }
        else if (Wrong(schedule) is { } detail)
        {
            yield return FieldError.Invalid("spec.schedule", schedule, detail);
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

    private static string? Wrong(string schedule)
    {
        if (schedule.StartsWith('@'))
        {
            return Descriptors.Contains(schedule) || schedule.StartsWith("@every ", StringComparison.Ordinal) ? null : "unrecognized descriptor: " + schedule;
        }

        var fields = schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != Ranges.Length)
        {
            return string.Create(CultureInfo.InvariantCulture, $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]");
        }

        return fields.Zip(Ranges).SelectMany(pair => pair.First.Split(',').Select(part => WrongPart(part, pair.Second))).FirstOrDefault(wrong => wrong is not null);
    }

    private static string? WrongPart(string part, (int Low, int High, string Names) range)
    {
        var steps = part.Split('/');
        if (steps.Length > 2)
        {
            return "too many slashes: " + part;
        }

        if (steps.Length == 2 && (!int.TryParse(steps[1], NumberStyles.None, CultureInfo.InvariantCulture, out var step) || step == 0))
        {
            return steps[1] == "0" ? "step of range should be a positive number: " + part : $"failed to parse int from {steps[1]}: strconv.Atoi: parsing \"{steps[1]}\": invalid syntax";
        }

        if (steps[0] is "*" or "?")
        {
            return null;
        }

        var bounds = steps[0].Split('-');
        if (bounds.Length > 2)
        {
            return "too many hyphens: " + part;
        }

        foreach (var bound in bounds)
        {
            if (Number(bound, range) is not { } number)
            {
                return $"failed to parse int from {bound}: strconv.Atoi: parsing \"{bound}\": invalid syntax";
            }

            if (number < range.Low)
            {
                return string.Create(CultureInfo.InvariantCulture, $"beginning of range ({number}) below minimum ({range.Low}): {part}");
            }

            if (number > range.High)
            {
                return string.Create(CultureInfo.InvariantCulture, $"end of range ({number}) above maximum ({range.High}): {part}");
            }
        }

        return bounds.Length == 2 && Number(bounds[0], range) > Number(bounds[1], range)
            ? string.Create(CultureInfo.InvariantCulture, $"beginning of range ({Number(bounds[0], range)}) beyond end of range ({Number(bounds[1], range)}): {part}")
            : null;
    }

    private static int? Number(string text, (int Low, int High, string Names) range)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        var index = Array.IndexOf(range.Names.Split(' '), text.ToLowerInvariant());
        return text.Length == 0 || index < 0 ? null : index + range.Low;
    }
}
