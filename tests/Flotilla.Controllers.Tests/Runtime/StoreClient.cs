using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using WatchEventType = Flotilla.Client.WatchEventType;

namespace Flotilla.Controllers.Tests.Runtime;

/// <summary>
/// Just enough of an API server for control loops, on the in-memory store: versions, uids, generations, graceful
/// deletion of placed pods, finalizers. It has no defaults and no validation.
/// </summary>
internal sealed class StoreClient(IStore store, TimeProvider time) : IObjectClient
{
    public async Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        await store.GetAsync(PathOf<T>(key), cancellationToken) is { } entry ? Decode<T>(entry.Value, entry.Modified) : throw Failure(404, "NotFound", key);

    public async Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var list = await store.ListAsync(PrefixOf(scope.ResourceOf<T>(), scope.Namespace), null, 0, null, cancellationToken);
        return new ObjectList<T>([.. list.Entries.Select(entry => Decode<T>(entry.Value, entry.Modified))], list.Revision.ToString());
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ListScope scope, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var after = new Revision(long.Parse(resourceVersion, CultureInfo.InvariantCulture));
        await foreach (var batch in store.WatchAsync(PrefixOf(scope.ResourceOf<T>(), scope.Namespace), after, cancellationToken))
        {
            foreach (var change in batch)
            {
                var type = change.Value is null ? WatchEventType.Deleted
                    : change.Previous is null ? WatchEventType.Added : WatchEventType.Modified;
                yield return new WatchEvent<T>(type, Decode<T>((change.Value ?? change.Previous)!.Value, change.Revision));
            }
        }
    }

    public async Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var copy = ObjectJson.Decode<T>(ObjectJson.Encode(value));
        copy.Metadata.Name ??= copy.Metadata.GenerateName + Guid.NewGuid().ToString("N")[..5];
        copy.Metadata.Uid = Guid.NewGuid().ToString();
        copy.Metadata.CreationTimestamp = time.GetUtcNow().UtcDateTime;
        copy.Metadata.Generation = 1;
        var result = await store.WriteAsync(
            new WriteRequest(PathOf<T>(copy.Key()), ObjectJson.Encode(copy), Precondition.MustNotExist), cancellationToken);
        return result.Outcome == WriteOutcome.Written
            ? Decode<T>(ObjectJson.Encode(copy), result.Revision)
            : throw Failure(409, "AlreadyExists", copy.Key());
    }

    public Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ChangeAsync<T>(value.Key(), value.Metadata.ResourceVersion, current => Keep(current, Node(value), "status"), cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ChangeAsync<T>(
            value.Key(),
            value.Metadata.ResourceVersion,
            current =>
            {
                current["status"] = Node(value)["status"]?.DeepClone();
                return current;
            },
            cancellationToken);

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ChangeAsync<T>(
            key,
            null,
            current =>
            {
                Merge(current, JsonNode.Parse(patch.Body.Span)!.AsObject());
                return current;
            },
            cancellationToken);

    public async Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var current = await GetAsync<T>(key, cancellationToken);
        var graceful = current is V1Pod { Spec.NodeName: not null, Status.Phase: not ("Succeeded" or "Failed") } && options?.GracePeriodSeconds != 0;
        if (graceful || current.Metadata.Finalizers is { Count: > 0 })
        {
            await ChangeAsync<T>(
                key,
                null,
                node =>
                {
                    node["metadata"]!["deletionTimestamp"] ??= time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                    return node;
                },
                cancellationToken);
            return;
        }

        await store.WriteAsync(WriteRequest.Delete(PathOf<T>(key), Precondition.Any), cancellationToken);
    }

    public async Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (body is not V1Binding binding)
        {
            throw new NotSupportedException();
        }

        await ChangeAsync<T>(
            key,
            null,
            current =>
            {
                current["spec"]!["nodeName"] = current["spec"]!["nodeName"] is null ? binding.Target.Name : throw Failure(409, "Conflict", key);
                return current;
            },
            cancellationToken);
        return (TAnswer)(object)new V1Status { Status = "Success" };
    }

    public Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private async Task<T> ChangeAsync<T>(ObjectKey key, string? version, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        while (true)
        {
            if (await store.GetAsync(PathOf<T>(key), cancellationToken) is not { } entry)
            {
                throw Failure(404, "NotFound", key);
            }

            if (version is not null && version != entry.Modified.ToString())
            {
                throw Failure(409, "Conflict", key);
            }

            var old = JsonNode.Parse(entry.Value.Span)!.AsObject();
            var next = change(old.DeepClone().AsObject());
            foreach (var owned in (string[])["uid", "creationTimestamp", "generation"])
            {
                next["metadata"]![owned] = old["metadata"]![owned]?.DeepClone();
            }

            if (!JsonNode.DeepEquals(old["spec"], next["spec"]))
            {
                next["metadata"]!["generation"] = old["metadata"]!["generation"]!.GetValue<long>() + 1;
            }

            next["metadata"]!.AsObject().Remove("resourceVersion");
            if (JsonNode.DeepEquals(old, next))
            {
                return Decode<T>(entry.Value, entry.Modified);
            }

            var bytes = ObjectJson.Encode(next);
            var result = await store.WriteAsync(new WriteRequest(entry.Key, bytes, Precondition.MustBeAt(entry.Modified)), cancellationToken);
            if (result.Outcome == WriteOutcome.Written)
            {
                return Decode<T>(bytes, result.Revision);
            }
        }
    }

    private static JsonObject Keep(JsonObject current, JsonObject next, string part)
    {
        next[part] = current[part]?.DeepClone();
        return next;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch.ToArray())
        {
            if (value is JsonObject inner && target[name] is JsonObject into)
            {
                Merge(into, inner);
            }
            else if (value is JsonArray items && items.Any(item => item is JsonObject entry && entry.ContainsKey("$patch")))
            {
                target.Remove(name);
            }
            else
            {
                target[name] = value?.DeepClone();
            }
        }
    }

    private static JsonObject Node<T>(T value) => JsonNode.Parse(ObjectJson.Encode(value))!.AsObject();

    private static T Decode<T>(ReadOnlyMemory<byte> bytes, Revision revision)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var value = ObjectJson.Decode<T>(bytes.Span);
        value.Metadata.ResourceVersion = revision.ToString();
        return value;
    }

    private static string PathOf<T>(ObjectKey key) => $"{PrefixOf(ResourceType.Of<T>(), key.Namespace ?? "-")}{key.Name}";

    private static string PrefixOf(ResourceType type, string? ns) => $"{type.Group}/{type.Plural}/" + (ns is null ? "" : ns + "/");

    private static ApiException Failure(int code, string reason, ObjectKey key) =>
        new(new V1Status { Code = code, Reason = reason, Message = $"{key}: {reason}" });
}
