using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Storage;
using k8s.Models;

namespace Flotilla.Server.Admission;

/// <summary>Nothing is created in a namespace that is missing or going away; the first namespaces are never deleted.</summary>
public sealed class NamespaceLifecycle(IStore store) : IAdmissionPlugin
{
    private static readonly string[] Immortal = ["default", "kube-system", "kube-public"];

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation != AdmissionOperation.Create || !request.Kind.IsNamespaced || request.Object.Object("metadata").String("namespace") is not { Length: > 0 } space)
        {
            return;
        }

        var entry = await store.GetAsync(CoreKinds.Namespace.StoragePrefix + space, cancellationToken)
            ?? throw Failures.NotFound(CoreKinds.Namespace, space);
        // Only a deleted namespace carries this key; reading it costs no decoding.
        if (entry.Value.Span.IndexOf("\"deletionTimestamp\":"u8) < 0)
        {
            return;
        }

        var name = request.Object.Object("metadata").String("name") ?? "";
        var status = Failures.Forbidden(
            $"{request.Kind.GroupResource} \"{name}\" is forbidden: unable to create new content in namespace {space} because it is being terminated",
            request.Kind.Group,
            request.Kind.Plural,
            name);
        status.Status.Details.Causes = [new V1StatusCause { Reason = "NamespaceTerminating", Message = $"namespace {space} is being terminated", Field = "metadata.namespace" }];
        throw status;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Delete && request.Kind == CoreKinds.Namespace && request.Object.Object("metadata").String("name") is { } name && Immortal.Contains(name))
        {
            throw Failures.Forbidden($"namespaces \"{name}\" is forbidden: this namespace may not be deleted", "", "namespaces", name);
        }

        return ValueTask.CompletedTask;
    }
}
