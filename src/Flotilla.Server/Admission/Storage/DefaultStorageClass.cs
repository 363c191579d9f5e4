using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Storage;

/// <summary>A claim without a class gets the cluster's default one.</summary>
internal sealed class DefaultStorageClass(IStore store) : IAdmissionPlugin
{
    private static readonly string[] Marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsCreateOf(CoreKinds.PersistentVolumeClaim)
            && ClaimClass.Of(request.Object) is null
            && await store.FindDefaultAsync(StorageKinds.StorageClass, Marks, cancellationToken) is { } name)
        {
            request.Object.Child("spec")["storageClassName"] = name;
        }
    }
}
