using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Protection;

/// <summary>A class of volume attributes that is deleted stays until no claim and no volume names it.</summary>
internal sealed class AttributesClassProtectionController : Controller
{
    private const string Finalizer = "kubernetes.io/vac-protection";
    private readonly Informer<V1VolumeAttributesClass> classes;
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1PersistentVolume> volumes;

    public AttributesClassProtectionController(ControllerContext context)
        : base(context, "volumeattributesclass-protection-controller", workers: 1)
    {
        classes = WatchAndEnqueue<V1VolumeAttributesClass>();
        claims = Watch<V1PersistentVolumeClaim>();
        volumes = Watch<V1PersistentVolume>();
        claims.Subscribe(change => Enqueue((change.Old is null ? [] : NamesIn(change.Old)).Concat(NamesIn(change.Latest))));
        volumes.Subscribe(change => Enqueue([change.Old?.Spec.VolumeAttributesClassName, change.Latest.Spec.VolumeAttributesClassName]));
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (classes.Get(key) is not { } item)
        {
            return;
        }
        var inUse = claims.List().Any(claim => NamesIn(claim).Contains(key.Name, StringComparer.Ordinal))
            || volumes.List().Any(volume => volume.Spec.VolumeAttributesClassName == key.Name);
        if (FinalizerChange.For(item.Metadata, Finalizer, inUse) is not Protection.Keep and var change)
        {
            await Client.UpdateAsync(
                item with { ApiVersion = "storage.k8s.io/v1", Kind = "VolumeAttributesClass", Metadata = FinalizerChange.Apply(item.Metadata, Finalizer, change) },
                cancellationToken);
        }
    }

    private static IEnumerable<string?> NamesIn(V1PersistentVolumeClaim claim) =>
        [claim.Spec.VolumeAttributesClassName, claim.Status?.CurrentVolumeAttributesClassName, claim.Status?.ModifyVolumeStatus?.TargetVolumeAttributesClassName];

    private void Enqueue(IEnumerable<string?> names)
    {
        foreach (var name in names.Where(name => !string.IsNullOrEmpty(name)))
        {
            Queue.Add(new ObjectKey(null, name!));
        }
    }
}
