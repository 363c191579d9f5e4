using k8s.Models;

namespace Flotilla.Ingress.Gateways.Statuses;

/// <summary>One condition before it has a time.</summary>
internal sealed record Verdict(string Type, bool IsTrue, string Reason, string Message)
{
    public static Verdict Yes(string type, string reason, string message = "") => new(type, true, reason, message);

    public static Verdict No(string type, string reason, string message) => new(type, false, reason, message);

    /// <summary>Keeps the time of a condition that says the same as before.</summary>
    public V1Condition At(DateTime now, long? generation, IEnumerable<V1Condition>? before)
    {
        var status = IsTrue ? "True" : "False";
        var known = before?.FirstOrDefault(condition => condition.Type == Type);
        return new V1Condition
        {
            Type = Type,
            Status = status,
            Reason = Reason,
            Message = Message,
            ObservedGeneration = generation,
            LastTransitionTime = known?.Status == status ? known.LastTransitionTime : now,
        };
    }
}
