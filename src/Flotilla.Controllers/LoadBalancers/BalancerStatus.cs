using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>What is written of a plan: addresses and a condition into the status, the node into an annotation.</summary>
internal static class BalancerStatus
{
    public const string ConditionType = "LoadBalancerReady";

    public static V1Condition? ConditionOf(V1Service service) => service.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionType);

    public static bool IsWaiting(V1Service service) => ConditionOf(service) is { Status: "False" };

    public static V1Condition ConditionFor(V1Service service, BalancerPlan plan, DateTime now)
    {
        var before = ConditionOf(service);
        var status = plan.IsAssigned ? "True" : "False";
        return new V1Condition
        {
            Type = ConditionType,
            Status = status,
            Reason = plan.Reason,
            Message = plan.Message,
            LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
        };
    }

    public static bool IsSame(V1Condition? before, V1Condition now) =>
        before is not null && before.Status == now.Status && before.Reason == now.Reason && before.Message == now.Message;

    /// <param name="condition">null: there is no load balancer any more.</param>
    public static Patch PatchFor(V1Service service, IReadOnlyList<string> addresses, V1Condition? condition)
    {
        var others = (service.Status?.Conditions ?? []).Where(other => other.Type != ConditionType);
        List<V1Condition> conditions = condition is null ? [.. others] : [.. others, condition];
        var points = addresses.Select(address => new { ip = address, ipMode = "VIP" }).ToArray();
        var status = new { loadBalancer = new { ingress = points.Length == 0 ? null : points }, conditions = conditions.Count == 0 ? null : JsonSerializer.Deserialize<JsonElement>(ObjectJson.Encode(conditions)) as JsonElement? };
        return new Patch(PatchKind.Merge, JsonSerializer.SerializeToUtf8Bytes(new { status }));
    }

    public static Patch AnnotationFor(string? node) => new(
        PatchKind.Merge,
        JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { annotations = new Dictionary<string, string?> { [LoadBalancing.NodeAnnotation] = node } } }));
}
