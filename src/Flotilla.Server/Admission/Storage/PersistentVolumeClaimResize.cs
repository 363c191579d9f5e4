using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Storage;

/// <summary>A claim grows only when it is bound and its class allows it.</summary>
internal sealed class PersistentVolumeClaimResize(IStore store) : IAdmissionPlugin
{
    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsUpdateOf(CoreKinds.PersistentVolumeClaim) || !Grows(request.Object, request.Old))
        {
            return;
        }

        if (request.Old.Object("status").String("phase") != "Bound")
        {
            throw request.Forbidden("Only bound persistent volume claims can be expanded");
        }

        if (ClaimClass.Of(request.Object) is not { Length: > 0 } name
            || ClaimClass.Of(request.Old) != name
            || (await store.FindAsync(StorageKinds.StorageClass, null, name, cancellationToken)).Boolean("allowVolumeExpansion") != true)
        {
            throw request.Forbidden("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
        }
    }

    private static bool Grows(JsonObject claim, JsonObject? old) => SizeOf(claim) is { } size && SizeOf(old) is { } before && size > before;

    private static Api.Quantities.Quantity? SizeOf(JsonObject? claim) => FieldRules.Amount(claim.Object("spec").Object("resources").Object("requests")?["storage"]);
}
