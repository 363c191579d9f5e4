using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;

namespace Flotilla.Server.CustomResources;

/// <summary>Deletes all instances of a definition that is going, and lets it go once none is left.</summary>
internal sealed class DefinitionCleanup(ObjectStore objects, KindRegistry kinds, TimeProvider time)
{
    public static readonly WriteOptions Writing = new("kube-apiserver");

    /// <summary>True: nothing is left to do.</summary>
    public async Task<bool> AdvanceAsync(JsonObject definition, CancellationToken cancellationToken)
    {
        var name = definition.Object("metadata").String("name")!;
        if (definition.Object("metadata").Array("finalizers")?.Any(finalizer => finalizer.AsString() == CustomResourceDeletion.Finalizer) != true)
        {
            return true;
        }

        if (kinds.AddedBy(name) is [var kind, ..] && await DeleteInstancesAsync(kind, cancellationToken) > 0)
        {
            await SetTerminatingAsync(name, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress", cancellationToken);
            return false;
        }

        await SetTerminatingAsync(name, "False", "InstanceDeletionCompleted", "removed all instances", cancellationToken);
        await ChangeAsync(name, null, RemoveFinalizer, cancellationToken);
        return true;
    }

    /// <summary>Returns how many are still there.</summary>
    private async Task<int> DeleteInstancesAsync(Kind kind, CancellationToken cancellationToken)
    {
        foreach (var entry in await ListAsync(kind, cancellationToken))
        {
            var parts = entry[kind.StoragePrefix.Length..].Split('/');
            var key = kind.IsNamespaced ? new ObjectKey(parts[0], parts[1]) : new ObjectKey(null, parts[0]);
            try
            {
                await objects.DeleteAsync(kind, key, new DeleteRequest(), Writing, cancellationToken);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // Gone already, which is what was wanted.
                continue;
            }
        }

        return (await ListAsync(kind, cancellationToken)).Count;
    }

    private async Task<List<string>> ListAsync(Kind kind, CancellationToken cancellationToken) =>
        [.. (await objects.Store.ListAsync(kind.StoragePrefix, null, 0, null, cancellationToken)).Entries.Select(entry => entry.Key)];

    private Task SetTerminatingAsync(string name, string status, string reason, string message, CancellationToken cancellationToken) => ChangeAsync(
        name,
        Subresource.StatusName,
        current => DefinitionStatus.Set((JsonArray)current.Object("status")!["conditions"]!, "Terminating", status, reason, message, time.GetUtcNow()),
        cancellationToken);

    private static void RemoveFinalizer(JsonObject definition)
    {
        var finalizers = definition.Object("metadata").Array("finalizers")!;
        definition.Child("metadata")["finalizers"] = new JsonArray([.. finalizers.Where(finalizer => finalizer.AsString() != CustomResourceDeletion.Finalizer).Select(finalizer => finalizer?.DeepClone())]);
    }

    private Task ChangeAsync(string name, string? subresource, Action<JsonObject> change, CancellationToken cancellationToken) => objects.ChangeAsync(
        ApiExtensionsKinds.CustomResourceDefinition,
        new ObjectKey(null, name),
        subresource,
        Writing,
        current =>
        {
            change(current);
            return current;
        },
        cancellationToken);
}
