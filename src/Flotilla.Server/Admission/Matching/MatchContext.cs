using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Matching;

/// <summary>What matching needs besides the request: namespaces and the other versions of a kind.</summary>
public sealed class MatchContext(IStore store, EquivalentKinds equivalents)
{
    public EquivalentKinds Equivalents => equivalents;

    /// <summary>Objects outside namespaces always match; a namespace itself goes by its own labels.</summary>
    public async ValueTask<bool> NamespaceMatchesAsync(AdmissionRequest request, LabelSelector selector, CancellationToken cancellationToken)
    {
        if (selector.IsEverything || (!request.Kind.IsNamespaced && request.Kind != CoreKinds.Namespace))
        {
            return true;
        }

        return selector.Matches((await NamespaceOfAsync(request, cancellationToken)).Object("metadata").Object("labels"));
    }

    /// <summary>The namespace a request is in; null: it is in none.</summary>
    public async ValueTask<JsonObject?> NamespaceOfAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind == CoreKinds.Namespace && request.Subresource is null)
        {
            return request.Object;
        }

        if ((request.Kind == CoreKinds.Namespace ? request.Name : request.Namespace) is not { Length: > 0 } name)
        {
            return null;
        }

        var entry = await store.GetAsync(CoreKinds.Namespace.StoragePrefix + name, cancellationToken) ?? throw Failures.NotFound(CoreKinds.Namespace, name);
        return StoredObject.Decode(entry.Value, entry.Modified);
    }
}
