using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.FlowControl;
using Flotilla.Api.Printing;

namespace Flotilla.Api.Kinds;

/// <summary>Which requests wait when the server is busy: group <c>flowcontrol.apiserver.k8s.io</c>.</summary>
public static class FlowControlKinds
{
    private const string GroupName = "flowcontrol.apiserver.k8s.io";

    public static readonly Kind FlowSchema = new(GroupName, "v1", "flowschemas", "FlowSchema", Scope.Cluster)
    {
        HasStatus = true,
        HasGeneration = true,
        Default = item => DefaultZero(item.Child("spec"), "matchingPrecedence", 1000),
        Validate = FlowSchemaRules.Check,
        Columns =
        [
            Cells.Name, Cells.Text("PriorityLevel", "spec.priorityLevelConfiguration.name", absent: Cells.None), Cells.Number("MatchingPrecedence", "spec.matchingPrecedence") with { Type = "string" },
            Cells.Text("DistinguisherMethod", "spec.distinguisherMethod.type", absent: Cells.None), Cells.Age,
            new("MissingPL", (item, _) => item.Object("status").Objects("conditions").FirstOrDefault(condition => condition.String("type") == "Dangling").String("status") ?? "?"),
        ],
    };

    public static readonly Kind PriorityLevel = new(GroupName, "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration", Scope.Cluster)
    {
        HasStatus = true,
        HasGeneration = true,
        Default = DefaultLevel,
        Validate = PriorityLevelRules.Check,
        Columns =
        [
            Cells.Name, Cells.Text("Type", "spec.type"), Amount("NominalConcurrencyShares", "spec.limited.nominalConcurrencyShares"), Amount("Queues", "spec.limited.limitResponse.queuing.queues"),
            Amount("HandSize", "spec.limited.limitResponse.queuing.handSize"), Amount("QueueLengthLimit", "spec.limited.limitResponse.queuing.queueLengthLimit"), Cells.Age,
        ],
    };

    public static IEnumerable<Kind> All => [FlowSchema, PriorityLevel];

    private static Column Amount(string name, string path) => new(name, (item, _) => Cells.At(item, path)?.DeepClone() ?? Cells.None);

    private static void DefaultZero(JsonObject target, string field, long value)
    {
        if (target.Integer(field) is null or 0)
        {
            target[field] = value;
        }
    }

    private static void DefaultLevel(JsonObject item)
    {
        var spec = item.Child("spec");
        if (spec.Object("exempt") is { } exempt || spec.String("type") == "Exempt")
        {
            exempt = spec.Child("exempt");
            exempt.Default("nominalConcurrencyShares", 0);
            exempt.Default("lendablePercent", 0);
        }

        if (spec.Object("limited") is { } limited)
        {
            limited.Default("nominalConcurrencyShares", 30);
            limited.Default("lendablePercent", 0);
            if (limited.Object("limitResponse").Object("queuing") is { } queuing)
            {
                DefaultZero(queuing, "queues", 64);
                DefaultZero(queuing, "handSize", 8);
                DefaultZero(queuing, "queueLengthLimit", 50);
            }
        }
    }
}
