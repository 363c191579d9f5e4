using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Batch;

/// <summary>
/// What the status of a job may say, so that no controller, ours or another's, brings a job into a state that never was.
/// A rule about a field is applied when the field changes: what is stored already may stay.
/// </summary>
internal static class JobStatusRules
{
    private static readonly string[] Counts = ["active", "succeeded", "failed", "ready", "terminating"];
    private static readonly string[] Terminal = ["Failed", "Complete", "FailureTarget", "SuccessCriteriaMet"];

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Parts = new Dictionary<string, PartialUpdate> { [Subresource.StatusName] = new(Check) };

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject old)
    {
        var (now, before, spec) = (new JobState(item), new JobState(old), item.Object("spec") ?? []);
        return Counts.SelectMany(count => FieldRules.NonNegative(now.Status, count, "status"))
            .Concat(CheckUncounted(now.Status.Object("uncountedTerminatedPods")))
            .Concat(CheckEnd(now, before))
            .Concat(CheckFinished(now, before))
            .Concat(JobIndexRules.CheckStatus(now, before, spec))
            .Concat(CheckSuccess(now, spec))
            .Concat(CheckHistory(now, before, spec));
    }

    private static IEnumerable<FieldError> CheckUncounted(JsonObject? uncounted)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return new[] { "succeeded", "failed" }.SelectMany(list => FieldRules.EachText(uncounted, list, "status.uncountedTerminatedPods", (uid, path) =>
            uid.Length == 0 ? [FieldError.Invalid(path, uid, "must not be empty")] : seen.Add(uid) ? [] : [FieldError.Duplicate(path, uid)]));
    }

    private static IEnumerable<FieldError> CheckEnd(JobState now, JobState before)
    {
        var (start, end) = (now.Status.String("startTime"), now.Status.String("completionTime"));
        var endChanged = now.Changed(before, "completionTime");
        if (now.Is("Complete") && now.Is("Failed") && (now.Turned(before, "Complete") || now.Turned(before, "Failed")))
        {
            yield return Condition("cannot set Complete=True and Failed=true conditions");
        }

        if (now.Is("Complete") && now.Is("FailureTarget") && (now.Turned(before, "Complete") || now.Turned(before, "FailureTarget")))
        {
            yield return Condition("cannot set Complete=True and FailureTarget=true conditions");
        }

        if (end is not null && !now.Is("Complete") && (endChanged || now.Turned(before, "Complete")))
        {
            yield return FieldError.Invalid("status.completionTime", end, "cannot set completionTime when there is no Complete=True condition");
        }

        if (end is null && now.Is("Complete") && (endChanged || now.Turned(before, "Complete")))
        {
            yield return FieldError.Required("status.completionTime", "completionTime is required for Complete jobs");
        }

        if (string.CompareOrdinal(end, start) < 0 && end is not null && (endChanged || now.Changed(before, "startTime")))
        {
            yield return FieldError.Invalid("status.completionTime", end, "completionTime cannot be set before startTime");
        }

        if (now.Turned(before, "Failed") && now.Is("Failed") && !now.Is("FailureTarget"))
        {
            yield return Condition("cannot set Failed=True condition without the FailureTarget=true condition");
        }

        if (now.Turned(before, "Complete") && now.Is("Complete") && !now.Is("SuccessCriteriaMet"))
        {
            yield return Condition("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
        }
    }

    private static IEnumerable<FieldError> CheckFinished(JobState now, JobState before)
    {
        var ended = now.IsFinished && !before.IsFinished;
        if (now.IsFinished && now.Count("active") > 0 && (ended || now.Changed(before, "active")))
        {
            yield return FieldError.Invalid("status.active", now.Count("active"), "active>0 is invalid for finished job");
        }

        if (now.IsFinished && now.Status.String("startTime") is null && (ended || now.Changed(before, "startTime")))
        {
            yield return FieldError.Required("status.startTime", "startTime is required for finished job");
        }

        var uncounted = now.Status.Object("uncountedTerminatedPods");
        if (now.IsFinished && (uncounted.Array("failed")?.Count > 0 || uncounted.Array("succeeded")?.Count > 0) && (ended || now.Changed(before, "uncountedTerminatedPods")))
        {
            yield return FieldError.Invalid("status.uncountedTerminatedPods", uncounted!.DeepClone(), "uncountedTerminatedPods needs to be empty for finished job");
        }

        if (now.IsFinished && now.Count("terminating") > 0 && (ended || now.Changed(before, "terminating")))
        {
            yield return FieldError.Invalid("status.terminating", now.Count("terminating"), "terminating>0 is invalid for finished job");
        }

        if (now.Count("ready") > now.Count("active") && (now.Changed(before, "ready") || now.Changed(before, "active")))
        {
            yield return FieldError.Invalid("status.ready", now.Count("ready"), "cannot set more ready pods than active");
        }
    }

    private static IEnumerable<FieldError> CheckSuccess(JobState now, JsonObject spec)
    {
        foreach (var other in new[] { "Failed", "FailureTarget" }.Where(other => now.Is("SuccessCriteriaMet") && now.Is(other)))
        {
            yield return Condition($"cannot set SuccessCriteriaMet=True and {other}=true conditions");
        }

        if (spec.Object("successPolicy") is not null && now.Is("Complete") && !now.Is("SuccessCriteriaMet"))
        {
            yield return Condition("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
        }
    }

    private static IEnumerable<FieldError> CheckHistory(JobState now, JobState before, JsonObject spec)
    {
        foreach (var condition in Terminal.Where(type => before.Is(type) && !now.Is(type)))
        {
            yield return Condition($"cannot disable the terminal {condition}=True condition");
        }

        if (now.Count("failed") < before.Count("failed"))
        {
            yield return FieldError.Invalid("status.failed", now.Count("failed"), "cannot decrease the failed counter");
        }

        // An indexed job with as many workers as indexes may be scaled down.
        var isElastic = spec.String("completionMode") == "Indexed" && spec.Integer("completions") == spec.Integer("parallelism");
        if (!isElastic && now.Count("succeeded") < before.Count("succeeded"))
        {
            yield return FieldError.Invalid("status.succeeded", now.Count("succeeded"), "cannot decrease the succeeded counter");
        }

        if (before.Status.String("startTime") is not null && now.Changed(before, "startTime") && spec.Boolean("suspend") != true && !before.Is("Suspended"))
        {
            yield return now.Status.String("startTime") is { } start
                ? FieldError.Invalid("status.startTime", start, "startTime cannot be updated for unsuspended job")
                : FieldError.Required("status.startTime", "startTime cannot be removed for unsuspended job");
        }

        if (before.Status.String("completionTime") is not null && now.Changed(before, "completionTime"))
        {
            yield return FieldError.Invalid("status.completionTime", now.Status?["completionTime"]?.DeepClone(), "field is immutable");
        }
    }

    private static FieldError Condition(string detail) => FieldError.InvalidAsWhole("status.conditions", detail);
}
