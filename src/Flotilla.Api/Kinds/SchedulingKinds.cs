using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public static class SchedulingKinds
{
    private const long HighestUserValue = 1_000_000_000;
    private static readonly string[] System = ["system-cluster-critical", "system-node-critical"];

    public static readonly Kind PriorityClass = new("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", Scope.Cluster)
    {
        ShortNames = ["pc"],
        HasGeneration = true,
        AllowsCreateOnUpdate = true,
        Default = item => item.DefaultText("preemptionPolicy", "PreemptLowerPriority"),
        Validate = Check,
        Columns = [Cells.Name, Cells.Number("Value", "value"), Cells.Flag("Global-Default", "globalDefault"), Cells.Age, Cells.Text("PreemptionPolicy", "preemptionPolicy")],
    };

    public static IEnumerable<Kind> All => [PriorityClass];

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var name = item.Object("metadata").String("name") ?? "";
        if (name.StartsWith("system-", StringComparison.Ordinal) && !System.Contains(name))
        {
            yield return FieldError.Forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only. error: " + name + " is not a known system priority class");
        }
        else if (!name.StartsWith("system-", StringComparison.Ordinal) && item.Integer("value") > HighestUserValue)
        {
            yield return FieldError.Forbidden("value", "maximum allowed value of a user defined priority is 1000000000");
        }

        if (item.String("preemptionPolicy") is { } policy && policy is not ("Never" or "PreemptLowerPriority"))
        {
            yield return FieldError.NotSupported("preemptionPolicy", policy, ["Never", "PreemptLowerPriority"]);
        }

        if (old is null)
        {
            yield break;
        }

        if (item.Integer("value") != old.Integer("value"))
        {
            yield return FieldError.Forbidden("value", "may not be changed in an update.");
        }

        foreach (var error in FieldRules.Unchanged(item["preemptionPolicy"], old["preemptionPolicy"], "preemptionPolicy"))
        {
            yield return error;
        }
    }
}
