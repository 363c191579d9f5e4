using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.ServiceAccounts;

/// <summary>Runs pods as a service account: the default one if none is named, with its token mounted unless declined.</summary>
internal sealed class ServiceAccountAdmission(IStore store, TimeProvider time) : IAdmissionPlugin
{
    private const string Mirror = "kubernetes.io/config.mirror";
    private const int Attempts = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsCreateOf(CoreKinds.Pod))
        {
            return;
        }

        var spec = request.Object.Child("spec");
        if (IsMirror(request))
        {
            CheckMirror(request, spec);
            return;
        }

        spec.DefaultText("serviceAccountName", "default");
        spec["serviceAccount"] = spec.String("serviceAccountName");
        var account = await FindAsync(request, cancellationToken);
        if (spec.Array("imagePullSecrets") is not { Count: > 0 } && account.Array("imagePullSecrets") is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }

        if (spec.Boolean("automountServiceAccountToken") ?? account.Boolean("automountServiceAccountToken") ?? true)
        {
            TokenMounts.Add(spec);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsCreateOf(CoreKinds.Pod) || IsMirror(request))
        {
            return;
        }

        var account = await FindAsync(request, cancellationToken);
        if (account.Object("metadata").Object("annotations").String(SecretEnforcement.Annotation) == "true"
            && SecretEnforcement.Check(request.Object.Object("spec"), account) is { } wrong)
        {
            throw request.Forbidden(wrong);
        }
    }

    private async Task<JsonObject> FindAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (space, name) = (request.Namespace!, request.Object.Object("spec").String("serviceAccountName") ?? "");

        // The controller makes the default account right after its namespace: a pod that is faster waits for it.
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await store.FindSharedAsync(CoreKinds.ServiceAccount, space, name, cancellationToken) is { } account)
            {
                return account;
            }

            if (name != "default")
            {
                break;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        throw request.Forbidden($"error looking up service account {space}/{name}: serviceaccount \"{name}\" not found");
    }

    private static bool IsMirror(AdmissionRequest request) => request.Object.Object("metadata").Object("annotations")?.ContainsKey(Mirror) == true;

    /// <summary>Pods that merely show what a node runs on its own take nothing from the API.</summary>
    private static void CheckMirror(AdmissionRequest request, JsonObject spec)
    {
        if (!string.IsNullOrEmpty(spec.String("serviceAccountName")))
        {
            throw request.Forbidden("a mirror pod may not reference service accounts");
        }

        if (SecretEnforcement.References(spec).Any())
        {
            throw request.Forbidden("a mirror pod may not reference secrets");
        }

        if (spec.Objects("volumes").SelectMany(volume => volume.Object("projected").Objects("sources")).Any(source => source.Object("serviceAccountToken") is not null))
        {
            throw request.Forbidden("a mirror pod may not use ServiceAccountToken volume projections");
        }
    }
}
