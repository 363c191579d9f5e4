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
/// deletion of placed pods, finalizers, discovery. It has no defaults and no validation.
/// </summary>
internal sealed class StoreClient(IStore store, TimeProvider time) : IObjectClient
{
    public async Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var entry = await GetAsync(PathOf<T>(key), cancellationToken);
        return Decode<T>(entry.Value, entry.Modified);
    }

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
            : throw Failure(409, "AlreadyExists", copy.Metadata.Name);
    }

    public Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ChangeAsync<T>(value.Key(), current => Replace(current, Node(value), "status"), cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ChangeAsync<T>(
            value.Key(),
            current =>
            {
                var next = current.DeepClone().AsObject();
                next["metadata"]!["resourceVersion"] = value.Metadata.ResourceVersion;
                next["status"] = Node(value)["status"]?.DeepClone();
                return next;
            },
            cancellationToken);

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ChangeAsync<T>(key, current => Merged(current, patch.Body), cancellationToken);

    public Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => DeleteAsync(PathOf<T>(key), options, cancellationToken);

    public async Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        switch (body)
        {
            case V1Binding binding:
                await ChangeAsync<T>(
                    key,
                    current =>
                    {
                        current["spec"]!["nodeName"] = current["spec"]!["nodeName"] is null ? binding.Target.Name : throw Failure(409, "Conflict", key.Name);
                        return current;
                    },
                    cancellationToken);
                return (TAnswer)(object)new V1Status { Status = "Success" };
            case V1Eviction:
                // A deletion that nothing here forbids.
                await DeleteAsync<T>(key, null, cancellationToken);
                return (TAnswer)(object)new V1Status { Status = "Success" };
            default:
                throw new NotSupportedException();
        }
    }

    public async Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (Catalogue.Answer(pathAndQuery) is { } discovery)
        {
            return discovery;
        }

        var (path, isCollection, subresource) = Catalogue.Locate(pathAndQuery);
        if (isCollection)
        {
            foreach (var entry in (await store.ListAsync(path, null, 0, null, cancellationToken)).Entries)
            {
                await DeleteAsync(entry.Key, ObjectJson.Decode<V1DeleteOptions>(body.Span), cancellationToken);
            }

            return "{}"u8.ToArray();
        }

        if (method == HttpMethod.Delete)
        {
            await DeleteAsync(path, ObjectJson.Decode<V1DeleteOptions>(body.Span), cancellationToken);
        }
        else if (method == HttpMethod.Patch)
        {
            await ChangeAsync(path, current => Merged(current, body), cancellationToken);
        }
        else if (subresource == "finalize")
        {
            await ChangeAsync(path, current => Replace(current, JsonNode.Parse(body.Span)!.AsObject(), "status"), cancellationToken);
        }
        else if (subresource == "scale")
        {
            return await ScaleAsync(method, path, body, cancellationToken);
        }
        else
        {
            var entry = await GetAsync(path, cancellationToken);
            return ObjectJson.Encode(Decode<ObjectMetadata>(entry.Value, entry.Modified));
        }

        return "{}"u8.ToArray();
    }

    /// <summary>As kinds have it whose selector and replicas stand in the usual places.</summary>
    private async Task<byte[]> ScaleAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (method == HttpMethod.Put)
        {
            var wanted = JsonNode.Parse(body.Span)!["spec"]!["replicas"]!.GetValue<int>();
            await ChangeAsync(
                path,
                current =>
                {
                    current["spec"]!["replicas"] = wanted;
                    return current;
                },
                cancellationToken);
        }

        var node = JsonNode.Parse((await GetAsync(path, cancellationToken)).Value.Span)!;
        var labels = node["spec"]!["selector"]!["matchLabels"]!.AsObject().Select(pair => $"{pair.Key}={pair.Value}");
        return ObjectJson.Encode(new V1Scale
        {
            ApiVersion = "autoscaling/v1",
            Kind = "Scale",
            Metadata = new V1ObjectMeta { Name = node["metadata"]!["name"]!.GetValue<string>() },
            Spec = new V1ScaleSpec { Replicas = node["spec"]!["replicas"]?.GetValue<int>() },
            Status = new V1ScaleStatus { Replicas = node["status"]?["replicas"]?.GetValue<int>() ?? 0, Selector = string.Join(',', labels) },
        });
    }

    private async Task<StoredEntry> GetAsync(string path, CancellationToken cancellationToken) =>
        await store.GetAsync(path, cancellationToken) ?? throw Failure(404, "NotFound", path);

    private async Task DeleteAsync(string path, V1DeleteOptions? options, CancellationToken cancellationToken)
    {
        var entry = await GetAsync(path, cancellationToken);
        var current = JsonNode.Parse(entry.Value.Span)!;
        if (options?.Preconditions?.Uid is { } uid && uid != current["metadata"]!["uid"]!.GetValue<string>())
        {
            throw Failure(409, "Conflict", path);
        }

        var isGraceful = path.StartsWith("/pods/", StringComparison.Ordinal)
            && current["spec"]?["nodeName"] is not null
            && current["status"]?["phase"]?.GetValue<string>() is not ("Succeeded" or "Failed")
            && options?.GracePeriodSeconds != 0;
        var finalizer = options?.PropagationPolicy switch
        {
            "Foreground" => "foregroundDeletion",
            "Orphan" => "orphan",
            _ => path.StartsWith("/namespaces/", StringComparison.Ordinal) ? "" : null,
        };
        await ChangeAsync(
            path,
            node =>
            {
                var metadata = node["metadata"]!.AsObject();
                if (!isGraceful && finalizer is null && metadata["finalizers"] is not JsonArray { Count: > 0 })
                {
                    return [];
                }

                metadata["deletionTimestamp"] ??= time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                if (finalizer is { Length: > 0 })
                {
                    var finalizers = metadata["finalizers"] as JsonArray ?? [];
                    metadata.Remove("finalizers");
                    finalizers.Add(finalizer);
                    metadata["finalizers"] = finalizers;
                }

                return node;
            },
            cancellationToken);
    }

    private async Task<T> ChangeAsync<T>(ObjectKey key, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var (bytes, revision) = await ChangeAsync(PathOf<T>(key), change, cancellationToken);
        return Decode<T>(bytes, revision);
    }

    /// <summary>A resourceVersion in what <paramref name="change"/> returns must match; an empty object deletes.</summary>
    private async Task<(ReadOnlyMemory<byte> Bytes, Revision Revision)> ChangeAsync(
        string path, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await GetAsync(path, cancellationToken);
            var old = JsonNode.Parse(entry.Value.Span)!.AsObject();
            var next = change(old.DeepClone().AsObject());
            if (next.Count == 0)
            {
                var deletion = await store.WriteAsync(WriteRequest.Delete(path, Precondition.MustBeAt(entry.Modified)), cancellationToken);
                if (deletion.Outcome == WriteOutcome.Written)
                {
                    return (entry.Value, deletion.Revision);
                }

                continue;
            }

            var metadata = next["metadata"]!.AsObject();
            if (metadata["resourceVersion"]?.GetValue<string>() is { } version && version != entry.Modified.ToString())
            {
                throw Failure(409, "Conflict", path);
            }

            metadata.Remove("resourceVersion");
            foreach (var owned in (string[])["uid", "creationTimestamp", "generation"])
            {
                metadata[owned] = old["metadata"]![owned]?.DeepClone();
            }

            if (!JsonNode.DeepEquals(old["spec"], next["spec"]))
            {
                metadata["generation"] = old["metadata"]!["generation"]!.GetValue<long>() + 1;
            }

            if (JsonNode.DeepEquals(old, next))
            {
                return (entry.Value, entry.Modified);
            }

            var isGone = old["metadata"]!["deletionTimestamp"] is not null && IsReleased(old, next);
            var bytes = ObjectJson.Encode(next);
            var request = isGone
                ? WriteRequest.Delete(path, Precondition.MustBeAt(entry.Modified))
                : new WriteRequest(path, bytes, Precondition.MustBeAt(entry.Modified));
            var result = await store.WriteAsync(request, cancellationToken);
            if (result.Outcome == WriteOutcome.Written)
            {
                return (bytes, result.Revision);
            }
        }
    }

    private static bool IsReleased(JsonObject old, JsonObject next)
    {
        static int Count(JsonNode? finalizers) => finalizers is JsonArray array ? array.Count : 0;
        return (Count(old["metadata"]!["finalizers"]) > 0 && Count(next["metadata"]!["finalizers"]) == 0)
            || (Count(old["spec"]?["finalizers"]) > 0 && Count(next["spec"]?["finalizers"]) == 0);
    }

    private static JsonObject Replace(JsonObject current, JsonObject next, string kept)
    {
        next[kept] = current[kept]?.DeepClone();
        return next;
    }

    private static JsonObject Merged(JsonObject current, ReadOnlyMemory<byte> patch)
    {
        var changes = JsonNode.Parse(patch.Span)!.AsObject();
        Merge(current, changes);
        return current;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch.ToArray())
        {
            if (name.Split('/') is ["$deleteFromPrimitiveList", var list])
            {
                target[list] = new JsonArray([.. (target[list] as JsonArray ?? []).Where(item => !value!.AsArray().Any(gone => JsonNode.DeepEquals(gone, item))).Select(item => item?.DeepClone())]);
            }
            else if (value is JsonObject inner && target[name] is JsonObject into)
            {
                Merge(into, inner);
            }
            else if (value is null || (value is JsonArray items && items.Any(item => item is JsonObject entry && entry.ContainsKey("$patch"))))
            {
                target.Remove(name);
            }
            else
            {
                target[name] = value.DeepClone();
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

    private static ApiException Failure(int code, string reason, string what) =>
        new(new V1Status { Code = code, Reason = reason, Message = $"{what}: {reason}" });
}
