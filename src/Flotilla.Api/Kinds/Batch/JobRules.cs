using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Batch;

internal static class JobRules
{
    private const string UidLabel = "batch.kubernetes.io/controller-uid";
    private const string NameLabel = "batch.kubernetes.io/job-name";

    public static void Default(JsonObject item) => DefaultSpec(item.Child("spec"), item);

    public static void DefaultTemplate(JsonObject spec) => PodTemplateRules.Default(spec.Object("template"));

    /// <summary>A job owns exactly the pods that carry its uid, unless its author manages the selector.</summary>
    public static void Prepare(JsonObject item)
    {
        item["status"] = new JsonObject();
        var spec = item.Child("spec");
        var (uid, name) = (item.Object("metadata").String("uid") ?? "", item.Object("metadata").String("name") ?? "");
        if (spec.Boolean("manualSelector") == true)
        {
            return;
        }

        // The job has the same labels as its pods when it named none itself.
        if (item.Object("metadata").Object("labels") is not { Count: > 0 } && spec.Object("template").Object("metadata").Object("labels") is { } labels)
        {
            item.Child("metadata")["labels"] = labels.DeepClone();
        }

        foreach (var owner in new[] { item.Child("metadata"), spec.Child("template").Child("metadata") })
        {
            Label(owner.Child("labels"), uid, name);
        }

        spec.Child("selector").Child("matchLabels")[UidLabel] = uid;
    }

    public static void PrepareUpdate(JsonObject item, JsonObject old)
    {
        if (old.Object("spec")?["selector"] is { } selector && item.Object("spec")?["selector"] is null)
        {
            item.Child("spec")["selector"] = selector.DeepClone();
        }
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        var errors = CheckSpec(spec, "spec", hasSelector: true);
        return old is null ? errors : errors.Concat(CheckUpdate(spec, old.Object("spec") ?? []));
    }

    public static IEnumerable<FieldError> CheckSpec(JsonObject spec, string path, bool hasSelector)
    {
        foreach (var number in new[] { "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes" })
        {
            foreach (var error in FieldRules.NonNegative(spec, number, path))
            {
                yield return error;
            }
        }

        foreach (var error in FieldRules.Named(spec, "managedBy", path, CheckManager).Concat(CheckMode(spec, path)).Concat(CheckIndexed(spec, path))
            .Concat(JobPolicyRules.CheckFailure(spec, path)).Concat(JobPolicyRules.CheckSuccess(spec, path)).Concat(CheckReplacement(spec, path))
            .Concat(PodTemplateRules.Check(spec.Object("template"), $"{path}.template")).Concat(CheckRestart(spec, path))
            .Concat(hasSelector ? CheckSelector(spec, path) : CheckNoSelector(spec, path)))
        {
            yield return error;
        }
    }

    public static string StatusOf(JsonObject item)
    {
        var met = item.Object("status").Objects("conditions").Where(condition => condition.String("status") == "True").Select(condition => condition.String("type")).ToHashSet();
        return met.Contains("Complete") ? "Complete"
            : met.Contains("Failed") ? "Failed"
            : item.Object("metadata").String("deletionTimestamp") is not null ? "Terminating"
            : met.Contains("Suspended") ? "Suspended"
            : met.Contains("FailureTarget") ? "FailureTarget"
            : met.Contains("SuccessCriteriaMet") ? "SuccessCriteriaMet"
            : "Running";
    }

    public static string Completions(JsonObject item)
    {
        var (done, spec) = (item.Object("status").Integer("succeeded") ?? 0, item.Object("spec"));
        return spec.Integer("completions") is { } wanted
            ? string.Create(CultureInfo.InvariantCulture, $"{done}/{wanted}")
            : spec.Integer("parallelism") is > 1 and var parallel ? string.Create(CultureInfo.InvariantCulture, $"{done}/1 of {parallel}") : string.Create(CultureInfo.InvariantCulture, $"{done}/1");
    }

    public static string DurationOf(JsonObject item, ColumnContext context)
    {
        var (start, end) = (Times.Parse(item.Object("status").String("startTime")), Times.Parse(item.Object("status").String("completionTime")));
        return start is null ? "" : Cells.Duration((end ?? context.Now) - start.Value);
    }

    private static void DefaultSpec(JsonObject spec, JsonObject item)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
            spec["parallelism"] = 1;
        }

        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6 : int.MaxValue);
        spec.DefaultText("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        spec.DefaultText("podReplacementPolicy", spec.Object("podFailurePolicy") is null ? "TerminatingOrFailed" : "Failed");
        foreach (var rule in spec.Object("podFailurePolicy").Objects("rules").SelectMany(rule => rule.Objects("onPodConditions")))
        {
            rule.DefaultText("status", "True");
        }

        if (spec.Object("template").Object("metadata").Object("labels") is { Count: > 0 } labels && item.Object("metadata").Object("labels") is not { Count: > 0 })
        {
            item.Child("metadata")["labels"] = labels.DeepClone();
        }

        DefaultTemplate(spec);
    }

    private static void Label(JsonObject labels, string uid, string name)
    {
        labels["controller-uid"] = uid;
        labels[UidLabel] = uid;
        labels["job-name"] = name;
        labels[NameLabel] = name;
    }

    private static string? CheckManager(string name) =>
        name.Split('/') is [{ Length: > 0 } domain, { Length: > 0 }] ? Names.CheckSubdomain(domain) : "must be a domain-prefixed path (such as \"acme.io/foo\")";

    private static IEnumerable<FieldError> CheckMode(JsonObject spec, string path) => FieldRules.OneOf(spec, "completionMode", path, "Indexed", "NonIndexed");

    private static IEnumerable<FieldError> CheckIndexed(JsonObject spec, string path)
    {
        var (perIndex, most) = (spec["backoffLimitPerIndex"], spec.Integer("maxFailedIndexes"));
        if (spec.String("completionMode") != "Indexed")
        {
            return perIndex is not null ? [FieldError.Invalid($"{path}.backoffLimitPerIndex", perIndex.DeepClone(), "requires indexed completion mode")]
                : most is { } number ? [FieldError.Invalid($"{path}.maxFailedIndexes", number, "requires indexed completion mode")] : [];
        }

        var completions = spec.Integer("completions");
        return (completions is null ? [FieldError.Required($"{path}.completions", "when completion mode is Indexed")] : Array.Empty<FieldError>())
            .Concat(spec.Integer("parallelism") is > 100000 and var parallel ? [FieldError.Invalid($"{path}.parallelism", parallel, "must be less than or equal to 100000 when completion mode is Indexed")] : [])
            .Concat(most is not null && perIndex is null ? [FieldError.Required($"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")] : [])
            .Concat(most > completions ? [FieldError.Invalid($"{path}.maxFailedIndexes", most, "must be less than or equal to completions")] : [])
            .Concat(most > 100000 ? [FieldError.Invalid($"{path}.maxFailedIndexes", most, "must be less than or equal to 100000")] : []);
    }

    private static IEnumerable<FieldError> CheckReplacement(JsonObject spec, string path)
    {
        var policy = spec.String("podReplacementPolicy");
        return spec.Object("podFailurePolicy") is not null && policy is not (null or "Failed")
            ? [FieldError.NotSupported($"{path}.podReplacementPolicy", policy, ["Failed"])]
            : FieldRules.OneOf(spec, "podReplacementPolicy", path, "Failed", "TerminatingOrFailed");
    }

    private static IEnumerable<FieldError> CheckSelector(JsonObject spec, string path)
    {
        if (spec.Object("selector") is not { } selector)
        {
            return [FieldError.Required($"{path}.selector")];
        }

        return FieldRules.Selector(selector, $"{path}.selector")
            .Concat(PodTemplateRules.CheckSelected(spec, Selectors.LabelSelector.From(selector)?.Matches(spec.Object("template").Object("metadata").Object("labels")) == true));
    }

    private static IEnumerable<FieldError> CheckNoSelector(JsonObject spec, string path)
    {
        if (spec["selector"] is { } selector)
        {
            yield return FieldError.Invalid($"{path}.selector", selector.DeepClone(), "`selector` will be auto-generated");
        }

        if (spec.Boolean("manualSelector") == true)
        {
            yield return FieldError.NotSupported($"{path}.manualSelector", true, ["nil", "false"]);
        }
    }

    private static IEnumerable<FieldError> CheckRestart(JsonObject spec, string path)
    {
        var field = $"{path}.template.spec.restartPolicy";
        switch (spec.Object("template").Object("spec").String("restartPolicy"))
        {
            case "Never":
                break;
            case "OnFailure" when spec.Object("podFailurePolicy") is null:
                break;
            case "OnFailure":
                yield return FieldError.Invalid(field, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified");
                break;
            case null or "" or "Always":
                yield return FieldError.Required(field, "valid values: \"OnFailure\", \"Never\"");
                break;
            case var other:
                yield return FieldError.NotSupported(field, other, ["OnFailure", "Never"]);
                break;
        }
    }

    private static IEnumerable<FieldError> CheckUpdate(JsonObject spec, JsonObject before)
    {
        // An elastic indexed job changes completions and parallelism together.
        var elastic = spec.String("completionMode") == "Indexed" && spec["completions"].SameAs(spec["parallelism"]);
        var errors = elastic ? [] : FieldRules.Unchanged(spec["completions"], before["completions"], "spec.completions");
        errors = errors.Concat(FieldRules.Unchanged(spec["selector"], before["selector"], "spec.selector"));
        var suspended = before.Boolean("suspend") == true;
        var (template, had) = (spec.Object("template")?.Copy(), before.Object("template")?.Copy());
        if (suspended)
        {
            foreach (var side in new[] { template, had })
            {
                foreach (var field in new[] { "nodeSelector", "affinity", "tolerations", "schedulingGates" })
                {
                    side.Object("spec")?.Remove(field);
                }

                side?.Remove("metadata");
            }
        }

        if (!template.SameAs(had))
        {
            errors = errors.Concat([FieldError.Invalid("spec.template", spec["template"]?.DeepClone(), FieldRules.Immutable)]);
        }

        return errors.Concat(FieldRules.Unchanged(spec["completionMode"], before["completionMode"], "spec.completionMode"))
            .Concat(FieldRules.Unchanged(spec["podFailurePolicy"], before["podFailurePolicy"], "spec.podFailurePolicy"))
            .Concat(FieldRules.Unchanged(spec["backoffLimitPerIndex"], before["backoffLimitPerIndex"], "spec.backoffLimitPerIndex"))
            .Concat(FieldRules.Unchanged(spec["managedBy"], before["managedBy"], "spec.managedBy"));
    }
}
