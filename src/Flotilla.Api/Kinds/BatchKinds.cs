using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Batch;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

public static class BatchKinds
{
    public static readonly Kind CronJob = new("batch", "v1", "cronjobs", "CronJob", Scope.Namespaced)
    {
        ShortNames = ["cj"],
        Categories = ["all"],
        HasStatus = true,
        HasGeneration = true,
        Default = CronJobRules.Default,
        Validate = CronJobRules.Check,
        Columns =
        [
            Cells.Name, Cells.Text("Schedule", "spec.schedule"), Cells.Text("Timezone", "spec.timeZone", absent: Cells.None), Cells.Flag("Suspend", "spec.suspend"), Cells.Count("Active", "status.active"),
            new("Last Schedule", (item, context) => item.Object("status").String("lastScheduleTime") is { } time ? Cells.AgeOf(time, context) : Cells.None),
            Cells.Age, Cells.Containers, Cells.Images,
            new("Selector", (item, _) => Cells.SelectorText(item.Object("spec").Object("jobTemplate").Object("spec").Object("selector")), 1),
        ],
    };

    public static readonly Kind Job = new("batch", "v1", "jobs", "Job", Scope.Namespaced)
    {
        Categories = ["all"],
        HasStatus = true,
        HasGeneration = true,
        Default = JobRules.Default,
        Prepare = JobRules.Prepare,
        PrepareUpdate = JobRules.PrepareUpdate,
        Validate = JobRules.Check,
        Parts = JobStatusRules.Parts,
        SelectableFields = new Dictionary<string, string> { ["status.successful"] = "status.succeeded" },
        Columns =
        [
            Cells.Name, new("Status", (item, _) => JobRules.StatusOf(item)), new("Completions", (item, _) => JobRules.Completions(item)),
            new("Duration", (item, context) => JobRules.DurationOf(item, context)), Cells.Age, Cells.Containers, Cells.Images, Cells.Selector,
        ],
    };

    public static IEnumerable<Kind> All => [CronJob, Job];
}
