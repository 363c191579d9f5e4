using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>Makes the claims of pods' ephemeral volumes. They belong to their pod and go with it.</summary>
internal sealed class EphemeralVolumeController : Controller
{
    private readonly Informer<V1Pod> pods;
    private readonly Informer<V1PersistentVolumeClaim> claims;

    public EphemeralVolumeController(ControllerContext context)
        : base(context, "ephemeral_volume", workers: 5)
    {
        pods = Watch<V1Pod>();
        claims = Watch<V1PersistentVolumeClaim>();
        pods.Subscribe(change =>
        {
            if (change.New is { } pod && pod.IsActive() && (pod.Spec.Volumes ?? []).Any(volume => volume.Ephemeral is not null))
            {
                Queue.Add(pod.Key());
            }
        });
        // A claim of the same name that goes makes room for the pod's own.
        claims.Subscribe(change =>
        {
            if (change.New is null)
            {
                foreach (var owner in change.Latest.Metadata.OwnerReferences ?? [])
                {
                    Queue.Add(new ObjectKey(change.Latest.Metadata.NamespaceProperty, owner.Name));
                }
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Get(key) is not { } pod || !pod.IsActive())
        {
            return;
        }
        foreach (var volume in (pod.Spec.Volumes ?? []).Where(volume => volume.Ephemeral is not null))
        {
            try
            {
                await EnsureAsync(pod, volume, cancellationToken);
            }
            catch (Exception failure) when (failure is ApiException or InvalidOperationException)
            {
                Events.Record(pod, "Warning", "FailedBinding", $"ephemeral volume {volume.Name}: {failure.Message}");
                throw;
            }
        }
    }

    private async Task EnsureAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var name = pod.ClaimName(volume)!;
        if (claims.Get(new ObjectKey(pod.Metadata.NamespaceProperty, name)) is { } present)
        {
            if (!present.IsOf(pod))
            {
                throw new InvalidOperationException($"PVC {present.Key()} was not created for pod {pod.Key()} (pod is not owner)");
            }
            return;
        }
        var template = volume.Ephemeral.VolumeClaimTemplate;
        try
        {
            await Client.CreateAsync(
                new V1PersistentVolumeClaim
                {
                    ApiVersion = "v1",
                    Kind = "PersistentVolumeClaim",
                    Metadata = new V1ObjectMeta
                    {
                        Name = name,
                        NamespaceProperty = pod.Metadata.NamespaceProperty,
                        Annotations = template.Metadata?.Annotations,
                        Labels = template.Metadata?.Labels,
                        OwnerReferences = [Owners.ReferenceTo(pod)],
                    },
                    Spec = template.Spec,
                },
                cancellationToken);
        }
        catch (ApiException ending) when (ending.IsNamespaceEnding())
        {
            // The pod goes as well.
        }
    }
}
