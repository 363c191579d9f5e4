using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Networking;

/// <summary>An ingress without a class gets the cluster's default one.</summary>
internal sealed class DefaultIngressClass(IStore store) : IAdmissionPlugin
{
    private static readonly string[] Marks = ["ingressclass.kubernetes.io/is-default-class"];

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsCreateOf(NetworkingKinds.Ingress)
            && request.Object.Object("spec")?["ingressClassName"] is null
            && request.Object.Object("metadata").Object("annotations")?.ContainsKey("kubernetes.io/ingress.class") != true
            && await store.FindDefaultAsync(NetworkingKinds.IngressClass, Marks, cancellationToken) is { } name)
        {
            request.Object.Child("spec")["ingressClassName"] = name;
        }
    }
}
