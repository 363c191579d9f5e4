using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission;

/// <summary>Reads stored objects as plugins need them: as trees, the newest version.</summary>
internal static class StoredLookup
{
    public static async ValueTask<JsonObject?> FindAsync(this IStore store, Kind kind, string? space, string name, CancellationToken cancellationToken) =>
        await store.GetAsync(space is null ? kind.StoragePrefix + name : $"{kind.StoragePrefix}{space}/{name}", cancellationToken) is { } entry
            ? StoredObject.Decode(entry.Value, entry.Modified)
            : null;

    /// <summary>The same for what is asked for with every pod: a tree per stored version, which everybody may read and nobody change.</summary>
    public static async ValueTask<JsonObject?> FindSharedAsync(this IStore store, Kind kind, string? space, string name, CancellationToken cancellationToken) =>
        await store.GetAsync(kind.KeyOf(new ObjectKey(space, name)), cancellationToken) is { } entry ? StoredFacts.Of(entry).Tree : null;

    /// <param name="space">null: everywhere.</param>
    public static async ValueTask<IReadOnlyList<JsonObject>> AllAsync(this IStore store, Kind kind, string? space, CancellationToken cancellationToken)
    {
        var list = await store.ListAsync(space is null ? kind.StoragePrefix : $"{kind.StoragePrefix}{space}/", null, 0, null, cancellationToken);
        return list.Entries.Count == 0 ? [] : [.. list.Entries.Select(entry => StoredObject.Decode(entry.Value, entry.Modified))];
    }
}
