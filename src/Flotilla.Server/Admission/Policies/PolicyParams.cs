using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Api.Selectors;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Policies;

/// <summary>A policy that cannot be applied as it was configured.</summary>
internal sealed class PolicyConfigurationException(string message) : Exception(message);

/// <summary>Finds the parameters a binding names: one object, those a selector selects, or none at all.</summary>
internal sealed class PolicyParams(IStore store, KindRegistry kinds)
{
    /// <summary>The policy is evaluated once for each; null stands for no parameters.</summary>
    /// <exception cref="PolicyConfigurationException">They cannot be looked for, or must be there and are not.</exception>
    public async ValueTask<IReadOnlyList<JsonObject?>> FindAsync(ResourceKind? wanted, JsonObject? reference, AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (wanted is not { } identity || reference is null)
        {
            return [null];
        }

        var kind = kinds.Find(identity) ?? throw new PolicyConfigurationException($"failed to find resource referenced by paramKind: '{identity.ApiVersion}, Kind={identity.Kind}'");
        var space = SpaceOf(kind, reference.String("namespace"), request);
        var found = await ListAsync(kind, space, reference, cancellationToken);
        if (found.Count == 0 && reference.String("parameterNotFoundAction") == "Deny")
        {
            throw new PolicyConfigurationException("no params found for policy binding with `Deny` parameterNotFoundAction");
        }

        return found;
    }

    private static string? SpaceOf(Kind kind, string? given, AdmissionRequest request)
    {
        if (!kind.IsNamespaced)
        {
            return string.IsNullOrEmpty(given) ? null : throw new PolicyConfigurationException("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
        }

        return given is { Length: > 0 } ? given : request.Namespace is { Length: > 0 } own
            ? own
            : throw new PolicyConfigurationException("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
    }

    private async ValueTask<List<JsonObject?>> ListAsync(Kind kind, string? space, JsonObject reference, CancellationToken cancellationToken)
    {
        if (reference.String("name") is { Length: > 0 } name)
        {
            var entry = await store.GetAsync(kind.KeyOf(new Api.ObjectKey(space, name)), cancellationToken);
            return entry is { } found ? [Shown(kind, found)] : [];
        }

        var selector = LabelSelector.From(reference.Object("selector")) ?? LabelSelector.Everything;
        var prefix = (kind.StoredAs ?? kind).StoragePrefix + (space is null ? "" : space + "/");
        return [.. (await store.ListAsync(prefix, null, 0, null, cancellationToken)).Entries.Select(entry => Shown(kind, entry)).Where(item => selector.Matches(item.Object("metadata").Object("labels")))];
    }

    private static JsonObject Shown(Kind kind, StoredEntry entry) => ObjectStore.Decode(kind, entry.Value, entry.Modified);
}
