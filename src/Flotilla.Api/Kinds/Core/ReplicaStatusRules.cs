using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Counts that owners of replicas report: none below zero, none above the number there is.</summary>
internal static class ReplicaStatusRules
{
    private static readonly string[] Counts = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Parts = new Dictionary<string, PartialUpdate> { [Subresource.StatusName] = new((item, _) => Check(item.Object("status"))) };

    private static IEnumerable<FieldError> Check(JsonObject? status)
    {
        foreach (var error in Counts.SelectMany(count => FieldRules.NonNegative(status, count, "status")))
        {
            yield return error;
        }

        var all = status.Integer("replicas") ?? 0;
        foreach (var count in Counts[1..4].Where(count => status.Integer(count) > all))
        {
            yield return FieldError.Invalid($"status.{count}", status.Integer(count), "cannot be greater than status.replicas");
        }

        if (status.Integer("availableReplicas") is { } available && available > (status.Integer("readyReplicas") ?? 0))
        {
            yield return FieldError.Invalid("status.availableReplicas", available, "cannot be greater than readyReplicas");
        }
    }
}
