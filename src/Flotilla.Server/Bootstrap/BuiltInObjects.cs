using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Bootstrap;

/// <summary>Writes the objects the server itself brings along, in the form in which a client would have sent them.</summary>
internal sealed class BuiltInObjects(ObjectStore objects)
{
    private static readonly WriteOptions Writing = new("flotilla");

    public async Task<JsonObject?> FindAsync(Kind kind, ObjectKey key, CancellationToken cancellationToken) =>
        await objects.FindAsync(kind, key, cancellationToken) is { } entry ? ObjectStore.Decode(kind, entry.Value, entry.Modified) : null;

    /// <summary>Made if missing; what is there stays as it is.</summary>
    public async Task EnsureAsync(Kind kind, string? space, JsonObject value, CancellationToken cancellationToken)
    {
        if (await objects.FindAsync(kind, new ObjectKey(space, value.Object("metadata").String("name")!), cancellationToken) is not null)
        {
            return;
        }

        try
        {
            await objects.CreateAsync(kind, space, Complete(kind, value), Writing, cancellationToken);
        }
        catch (ApiException error) when (error.IsAlreadyExists)
        {
            // Another server of this cluster was faster.
            return;
        }
    }

    /// <summary>Made if missing; what is there becomes this.</summary>
    public async Task ReplaceAsync(Kind kind, ObjectKey key, JsonObject value, CancellationToken cancellationToken)
    {
        await EnsureAsync(kind, key.Namespace, value, cancellationToken);
        await objects.ChangeAsync(kind, key, null, Writing, _ => Complete(kind, value), cancellationToken);
    }

    public Task ChangeAsync(Kind kind, ObjectKey key, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken, string? subresource = null) =>
        objects.ChangeAsync(kind, key, subresource, Writing, change, cancellationToken);

    public Task DeleteAsync(Kind kind, ObjectKey key, CancellationToken cancellationToken) =>
        objects.DeleteAsync(kind, key, DeleteRequest.From(null), Writing, cancellationToken);

    private static JsonObject Complete(Kind kind, JsonObject value)
    {
        var complete = value.Copy();
        complete["kind"] = kind.Name;
        complete["apiVersion"] = kind.Identity.ApiVersion;
        BodyReader.Normalize(complete, kind.Identity, kind.Schema, "Strict");
        return complete;
    }
}
