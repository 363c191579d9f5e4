using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Protection;

/// <summary>A volume that is deleted stays until no claim is bound to it.</summary>
internal sealed class VolumeProtectionController : Controller
{
    private const string Finalizer = "kubernetes.io/pv-protection";
    private readonly Informer<V1PersistentVolume> volumes;

    public VolumeProtectionController(ControllerContext context)
        : base(context, "persistentvolume-protection-controller", workers: 1) => volumes = WatchAndEnqueue<V1PersistentVolume>();

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (volumes.Get(key) is { } volume && FinalizerChange.For(volume.Metadata, Finalizer, volume.Status?.Phase == "Bound") is not Protection.Keep and var change)
        {
            await Client.UpdateAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume", Metadata = FinalizerChange.Apply(volume.Metadata, Finalizer, change) }, cancellationToken);
        }
    }
}
