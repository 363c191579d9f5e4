using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.ReplicaSets;

/// <summary>Keeps as many pods running as each ReplicaSet wants.</summary>
internal sealed class ReplicaSetController : ReplicaController<V1ReplicaSet>
{
    public ReplicaSetController(ControllerContext context)
        : base(context, "replicaset-controller")
    {
        Sets.AddOwnerIndexes();
    }

    protected override V1ReplicaSet AsSet(V1ReplicaSet owner) => owner;

    /// <summary>Pods of all sets of the same owner, e.g. the old and the new one of a Deployment.</summary>
    protected override IEnumerable<V1Pod> RelatedTo(V1ReplicaSet owner, IReadOnlyCollection<V1Pod> owned)
    {
        var siblings = owner.Controller() is { } parent ? Sets.ByIndex(Owners.ByController, parent.Uid) : [owner];
        return siblings.SelectMany(sibling => Pods.ControlledBy(sibling));
    }

    protected override Task WriteStatusAsync(V1ReplicaSet owner, V1ReplicaSetStatus status, CancellationToken cancellationToken) =>
        Client.UpdateStatusAsync(owner with { ApiVersion = "apps/v1", Kind = "ReplicaSet", Status = status }, cancellationToken);
}
