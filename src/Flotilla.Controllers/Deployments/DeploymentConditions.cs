using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>A Deployment's conditions, which change their transition time only when their status does.</summary>
internal sealed class DeploymentConditions(IEnumerable<V1DeploymentCondition>? conditions, DateTime now)
{
    public const string Available = "Available";
    public const string Progressing = "Progressing";
    public const string ReplicaFailure = "ReplicaFailure";

    private readonly List<V1DeploymentCondition> list = [.. conditions ?? []];

    public V1DeploymentCondition? this[string type] => list.Find(condition => condition.Type == type);

    public void Set(string type, string status, string reason, string message)
    {
        if (this[type] is { } same && same.Status == status && same.Reason == reason)
        {
            return;
        }

        Renew(type, status, reason, message);
    }

    /// <summary>As <see cref="Set"/>, and notes the time of the update though nothing else may have changed.</summary>
    public void Renew(string type, string status, string reason, string message)
    {
        var old = this[type];
        list.RemoveAll(condition => condition.Type == type);
        list.Add(new V1DeploymentCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastUpdateTime = now,
            LastTransitionTime = old?.Status == status ? old.LastTransitionTime : now,
        });
    }

    public void Remove(string type) => list.RemoveAll(condition => condition.Type == type);

    public List<V1DeploymentCondition>? ToList() => list.Count == 0 ? null : [.. list];
}
