using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Apps;

/// <summary>Counts in the status of Deployments, StatefulSets and DaemonSets: none below zero, none above the number there is.</summary>
internal static class WorkloadStatusRules
{
    private const string AboveAll = "cannot be greater than status.replicas";

    public static readonly IReadOnlyDictionary<string, PartialUpdate> Deployment = Part(
        status => Above(status, AboveAll, "updatedReplicas", "readyReplicas", "availableReplicas")
            .Concat(Available(status, "cannot be greater than readyReplicas")),
        "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "terminatingReplicas", "collisionCount");

    public static readonly IReadOnlyDictionary<string, PartialUpdate> StatefulSet = Part(
        status => Above(status, AboveAll, "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
            .Concat(Available(status, "cannot be greater than status.readyReplicas")),
        "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration", "collisionCount");

    public static readonly IReadOnlyDictionary<string, PartialUpdate> DaemonSet = Part(
        _ => [],
        "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount");

    private static Dictionary<string, PartialUpdate> Part(Func<JsonObject?, IEnumerable<FieldError>> check, params string[] counts) => new()
    {
        [Subresource.StatusName] = new((item, old) => counts.SelectMany(count => FieldRules.NonNegative(item.Object("status"), count, "status"))
            .Concat(check(item.Object("status")))
            .Concat(Collisions(item.Object("status"), old.Object("status")))),
    };

    private static IEnumerable<FieldError> Above(JsonObject? status, string detail, params string[] counts) => counts
        .Where(count => status.Integer(count) > (status.Integer("replicas") ?? 0))
        .Select(count => FieldError.Invalid($"status.{count}", status.Integer(count), detail));

    private static IEnumerable<FieldError> Available(JsonObject? status, string detail) =>
        status.Integer("availableReplicas") is { } available && available > (status.Integer("readyReplicas") ?? 0)
            ? [FieldError.Invalid("status.availableReplicas", available, detail)]
            : [];

    private static IEnumerable<FieldError> Collisions(JsonObject? status, JsonObject? old) =>
        (status.Integer("collisionCount") ?? 0) < (old.Integer("collisionCount") ?? 0)
            ? [FieldError.Invalid("status.collisionCount", status.Integer("collisionCount") ?? 0, "cannot be decremented")]
            : [];
}
