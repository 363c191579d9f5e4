using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Storage;
using k8s.Models;

namespace Flotilla.Server.Admission.Namespaces;

/// <summary>Nothing is created in a namespace that is missing or going away; the first namespaces are never deleted.</summary>
internal sealed class NamespaceLifecycle(IStore store) : IAdmissionPlugin
{
    private static readonly string[] Immortal = ["default", "kube-system", "kube-public"];

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsDeleteOf(CoreKinds.Namespace) && Immortal.Contains(request.Name))
        {
            throw request.Forbidden("this namespace may not be deleted");
        }

        if (request.Operation != AdmissionOperation.Create || request.Namespace is not { Length: > 0 } space)
        {
            return;
        }

        var entry = await FindAsync(space, cancellationToken) ?? throw Failures.NotFound(CoreKinds.Namespace, space);

        // Only a deleted namespace carries this key; reading it costs no decoding.
        if (entry.Value.Span.IndexOf("\"deletionTimestamp\":"u8) >= 0)
        {
            throw Ending(request, space);
        }
    }

    /// <summary>One that is missing may have been made a moment ago, by another server.</summary>
    private async ValueTask<StoredEntry?> FindAsync(string space, CancellationToken cancellationToken)
    {
        var key = CoreKinds.Namespace.StoragePrefix + space;
        if (await store.GetAsync(key, cancellationToken) is { } found)
        {
            return found;
        }

        await store.CatchUpAsync(cancellationToken);
        return await store.GetAsync(key, cancellationToken);
    }

    private static Api.ApiException Ending(AdmissionRequest request, string space)
    {
        var refusal = request.Forbidden($"unable to create new content in namespace {space} because it is being terminated");
        refusal.Status.Details.Causes = [new V1StatusCause { Reason = "NamespaceTerminating", Message = $"namespace {space} is being terminated", Field = "metadata.namespace" }];
        return refusal;
    }
}
