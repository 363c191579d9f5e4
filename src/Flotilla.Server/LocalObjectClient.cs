using System.Runtime.CompilerServices;
using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Api.Selectors;
using Flotilla.Client;
using Flotilla.Server.Aggregation;
using Flotilla.Server.Audit;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Server.Watching;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.WebUtilities;
using WatchEventType = Flotilla.Client.WatchEventType;

namespace Flotilla.Server;

/// <summary>
/// The API from inside the process, as the system itself: the same handlers without the wire. Groups that other servers
/// serve are asked for there.
/// </summary>
/// <param name="fence">Keeps out the writes of a component that no longer leads.</param>
internal sealed class LocalObjectClient(LocalParts parts, RequestUser user, string userAgent, Func<Fence?>? fence = null) : IObjectClient
{
    private const string Json = "application/json";

    private readonly LocalAudit audit = new(parts.Audit, user, userAgent);

    private readonly ObjectStore objects = parts.Objects;
    private readonly HttpObjectClient elsewhere = new(new HttpObjectClientOptions
    {
        Server = new Uri("https://aggregated"),
        Handler = new AggregatedConnections(parts.Apis, parts.Connections, user),
        UserAgent = userAgent,
    });

    public async Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (IsElsewhere(ResourceType.Of<T>()))
        {
            return await elsewhere.GetAsync<T>(key, cancellationToken);
        }

        var kind = KindOf(ResourceType.Of<T>());
        return await audit.ReadAsync(() => PathOf<T>(key, null), () => StoreFailures.TellAsync(async () =>
        {
            await objects.Store.CatchUpAsync(cancellationToken);
            return Decode<T>(kind, await objects.GetAsync(kind, key, cancellationToken));
        }));
    }

    public async Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (IsElsewhere(scope.ResourceOf<T>()))
        {
            return await elsewhere.ListAsync<T>(scope, cancellationToken);
        }

        return await audit.ReadAsync(() => PathOf<T>(scope), () => StoreFailures.TellAsync(() => ListHereAsync<T>(scope, cancellationToken)));
    }

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(ListScope scope, string resourceVersion, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        IsElsewhere(scope.ResourceOf<T>())
            ? elsewhere.WatchAsync<T>(scope, resourceVersion, cancellationToken)
            : audit.WatchAsync(() => PathOf<T>(scope), StoreFailures.TellAsync(WatchHereAsync<T>(scope, resourceVersion, cancellationToken), cancellationToken), cancellationToken);

    public Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>("POST", RequestPath.Of(ResourceType.Of<T>(), value.Metadata.NamespaceProperty), Json, ObjectJson.Encode(value), cancellationToken);

    public Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>("PUT", PathOf<T>(value.Key(), null), Json, ObjectJson.Encode(value), cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>("PUT", PathOf<T>(value.Key(), "status"), Json, ObjectJson.Encode(value), cancellationToken);

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>(
            "PATCH",
            PathOf<T>(key, subresource),
            patch.Kind switch { PatchKind.Json => "application/json-patch+json", PatchKind.Merge => "application/merge-patch+json", _ => "application/strategic-merge-patch+json" },
            patch.Body,
            cancellationToken);

    public Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        SendAsync("DELETE", PathOf<T>(key, null), Json, options is null ? default : ObjectJson.Encode(options), cancellationToken);

    public async Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ObjectJson.Decode<TAnswer>(await SendAsync("POST", PathOf<T>(key, subresource), Json, ObjectJson.Encode(body), cancellationToken));

    public Task<byte[]> SendAsync(HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        SendAsync(method.Method, pathAndQuery, contentType, body, cancellationToken);

    private async Task<ObjectList<T>> ListHereAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var selection = Select<T>(scope);
        var list = await objects.Store.ListAsync(selection.Prefix, null, 0, null, cancellationToken);
        var entries = await objects.Served.OfAsync(selection.Kind, list.Entries, cancellationToken);
        return new ObjectList<T>([.. entries.Where(selection.Matches).Select(entry => Decode<T>(selection.Kind, entry))], list.Revision.ToString());
    }

    private async IAsyncEnumerable<WatchEvent<T>> WatchHereAsync<T>(ListScope scope, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var selection = Select<T>(scope);
        var from = new Revision(long.Parse(resourceVersion, System.Globalization.CultureInfo.InvariantCulture));
        var query = new ListQuery(selection) { ResourceVersion = from.Value, Watch = true, Bookmarks = true, Progress = true };
        var stream = new WatchStream(objects, parts.Hubs, query, Representation.Json, null, parts.Time);
        await foreach (var (changes, revision) in stream.ChangesAsync(from, cancellationToken))
        {
            foreach (var change in changes)
            {
                var type = change.Type switch { ChangeType.Added => WatchEventType.Added, ChangeType.Modified => WatchEventType.Modified, _ => WatchEventType.Deleted };
                yield return new WatchEvent<T>(type, Decode<T>(selection.Kind, new StoredEntry("", change.Frame.ObjectFor(change.Type), default, change.Frame.Revision)));
            }

            if (changes.Count == 0)
            {
                yield return new WatchEvent<T>(WatchEventType.Bookmark, Bookmark<T>(revision));
            }
        }
    }

    private async Task<byte[]> SendAsync(string method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (parts.Apis.Of(pathAndQuery.Split('?')[0]) is not null)
        {
            return await elsewhere.SendAsync(new HttpMethod(method), pathAndQuery, contentType, body, cancellationToken);
        }

        var request = ApiRequest.Internal(method, pathAndQuery, contentType, body, user, userAgent, fence?.Invoke());
        var answer = await audit.AnswerAsync(request, pathAndQuery, () => StoreFailures.TellAsync(() => parts.Handler.HandleAsync(request, cancellationToken)));
        var bytes = await answer.ReadAsync(cancellationToken);
        return answer.Code < 400 ? bytes : throw Failures.Of(answer.Code, answer.Code == 404 ? "NotFound" : "", System.Text.Encoding.UTF8.GetString(bytes));
    }

    private async Task<T> ExchangeAsync<T>(string method, string path, string contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        ObjectJson.Decode<T>(await SendAsync(method, path, contentType, body, cancellationToken));

    private Selection Select<T>(ListScope scope) =>
        new(KindOf(scope.ResourceOf<T>()), scope.Namespace, LabelSelector.Parse(scope.LabelSelector), FieldSelector.Parse(scope.FieldSelector));

    private bool IsElsewhere(ResourceType type) => parts.Apis.Find(type.Group, type.Version) is not null;

    private Kind KindOf(ResourceType type) => parts.Kinds.Find(type.Group, type.Version, type.Plural) ?? throw Failures.NoSuchPath();

    private static string PathOf<T>(ObjectKey key, string? subresource) => RequestPath.Of(ResourceType.Of<T>(), key.Namespace, key.Name, subresource);

    private static string PathOf<T>(ListScope scope) => RequestPath.Of(scope.ResourceOf<T>(), scope.Namespace);

    private static T Decode<T>(Kind kind, StoredEntry entry) => kind.StoredAs is null
        ? ObjectJson.Decode<T>(StoredObject.ToBytes(entry.Value, entry.Modified))
        : ObjectJson.Decode<T>(StoredObject.Serialize(ObjectStore.Decode(kind, entry.Value, entry.Modified)));

    private static T Bookmark<T>(Revision revision)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var bookmark = Activator.CreateInstance<T>();
        bookmark.Metadata = new V1ObjectMeta { ResourceVersion = revision.ToString() };
        return bookmark;
    }
}
