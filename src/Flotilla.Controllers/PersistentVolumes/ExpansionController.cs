using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>
/// Says on claims that want to grow who does it: no volume is grown from here, each provisioner grows its own.
/// </summary>
internal sealed class ExpansionController : Controller
{
    private readonly Informer<V1PersistentVolumeClaim> claims;

    public ExpansionController(ControllerContext context)
        : base(context, "volume_expand", workers: 1)
    {
        claims = Watch<V1PersistentVolumeClaim>();
        claims.Subscribe(change =>
        {
            if (change is { New: { } claim, Old: not null } && Grows(claim) && Size(claim.Spec.Resources?.Requests) != Size(change.Old.Spec.Resources?.Requests))
            {
                Queue.Add(claim.Key());
            }
        });
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (claims.Get(key) is { } claim)
        {
            Events.Record(
                claim,
                "Normal",
                "ExternalExpanding",
                "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC.");
        }
        return Task.CompletedTask;
    }

    private static bool Grows(V1PersistentVolumeClaim claim) =>
        claim.Status?.Phase == "Bound" && Size(claim.Spec.Resources?.Requests) > Size(claim.Status.Capacity);

    private static decimal Size(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts is not null && amounts.TryGetValue("storage", out var size) ? size.ToDecimal() : 0;
}
