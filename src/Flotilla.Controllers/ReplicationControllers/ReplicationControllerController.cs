using Flotilla.Controllers.ReplicaSets;
using k8s.Models;

namespace Flotilla.Controllers.ReplicationControllers;

/// <summary>Keeps as many pods running as each ReplicationController wants.</summary>
internal sealed class ReplicationControllerController(ControllerContext context) : ReplicaController<V1ReplicationController>(context, "replication-controller")
{
    protected override V1ReplicaSet AsSet(V1ReplicationController owner) => AsReplicaSet.From(owner);

    protected override IEnumerable<V1Pod> RelatedTo(V1ReplicationController owner, IReadOnlyCollection<V1Pod> owned) => owned;

    // Pods that are ending are not counted here, unlike in a ReplicaSet.
    protected override V1ReplicaSetStatus Told(V1ReplicaSetStatus status) => status with { TerminatingReplicas = null };

    protected override Task WriteStatusAsync(V1ReplicationController owner, V1ReplicaSetStatus status, CancellationToken cancellationToken) =>
        Client.UpdateStatusAsync(owner with { ApiVersion = "v1", Kind = "ReplicationController", Status = AsReplicaSet.Status(status) }, cancellationToken);
}
