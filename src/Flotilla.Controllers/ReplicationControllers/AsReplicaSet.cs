using k8s.Models;

namespace Flotilla.Controllers.ReplicationControllers;

/// <summary>A ReplicationController is an older ReplicaSet: seen as one, the same rules hold for both.</summary>
internal static class AsReplicaSet
{
    public static V1ReplicaSet From(V1ReplicationController controller) => new()
    {
        Metadata = controller.Metadata,
        Spec = new V1ReplicaSetSpec
        {
            Replicas = controller.Spec.Replicas,
            MinReadySeconds = controller.Spec.MinReadySeconds,
            Selector = new V1LabelSelector { MatchLabels = controller.Spec.Selector },
            Template = controller.Spec.Template,
        },
        Status = controller.Status is not { } status ? null : new V1ReplicaSetStatus
        {
            Replicas = status.Replicas,
            FullyLabeledReplicas = status.FullyLabeledReplicas,
            ReadyReplicas = status.ReadyReplicas,
            AvailableReplicas = status.AvailableReplicas,
            ObservedGeneration = status.ObservedGeneration,
            Conditions = status.Conditions?.Select(Condition).ToList(),
        },
    };

    public static V1ReplicationControllerStatus Status(V1ReplicaSetStatus status) => new()
    {
        Replicas = status.Replicas,
        FullyLabeledReplicas = status.FullyLabeledReplicas,
        ReadyReplicas = status.ReadyReplicas,
        AvailableReplicas = status.AvailableReplicas,
        ObservedGeneration = status.ObservedGeneration,
        Conditions = status.Conditions?.Select(Condition).ToList(),
    };

    private static V1ReplicaSetCondition Condition(V1ReplicationControllerCondition condition) => new()
    {
        Type = condition.Type,
        Status = condition.Status,
        Reason = condition.Reason,
        Message = condition.Message,
        LastTransitionTime = condition.LastTransitionTime,
    };

    private static V1ReplicationControllerCondition Condition(V1ReplicaSetCondition condition) => new()
    {
        Type = condition.Type,
        Status = condition.Status,
        Reason = condition.Reason,
        Message = condition.Message,
        LastTransitionTime = condition.LastTransitionTime,
    };
}
