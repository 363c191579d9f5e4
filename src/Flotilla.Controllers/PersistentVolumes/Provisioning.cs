using Flotilla.Api.Volumes;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>Hands a claim to the provisioner that its class names, which watches for claims that name it.</summary>
internal sealed class Provisioning(VolumeWriter writer, EventRecorder events)
{
    private const string InTree = "kubernetes.io/";

    public async Task ProvisionAsync(V1PersistentVolumeClaim claim, VolumeView view, CancellationToken cancellationToken)
    {
        if (view.Class(claim.ClassName()) is not { } storageClass)
        {
            events.Record(claim, "Warning", "ProvisioningFailed", $"storageclass.storage.k8s.io \"{claim.ClassName()}\" not found");
            return;
        }
        var provisioner = storageClass.Provisioner;
        if (provisioner.StartsWith(InTree, StringComparison.Ordinal))
        {
            events.Record(claim, "Warning", "ProvisioningFailed", $"no volume plugin matched name: {provisioner}");
            return;
        }
        if (claim.Metadata.Annotation(VolumeAnnotations.Provisioner) != provisioner || claim.Metadata.Annotation(VolumeAnnotations.BetaProvisioner) != provisioner)
        {
            claim = await writer.WriteAsync(claim with { Metadata = Named(claim.Metadata, provisioner) }, cancellationToken);
        }
        events.Record(
            claim,
            "Normal",
            "ExternalProvisioning",
            $"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. "
            + "If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
    }

    private static V1ObjectMeta Named(V1ObjectMeta metadata, string provisioner) => metadata with
    {
        Annotations = new Dictionary<string, string>(metadata.Annotations ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal)
        {
            [VolumeAnnotations.Provisioner] = provisioner,
            [VolumeAnnotations.BetaProvisioner] = provisioner,
        },
    };
}
