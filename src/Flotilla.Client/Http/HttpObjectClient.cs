using System.Globalization;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>The cluster's objects over the API server's REST interface.</summary>
public sealed class HttpObjectClient(HttpObjectClientOptions options) : IObjectClient, IDisposable
{
    private const string Json = "application/json";

    private readonly ApiConnection connection = new(options);

    public Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>(HttpMethod.Get, PathOf<T>(key), null, default, cancellationToken);

    public async Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var path = RequestPath.Of(scope.ResourceOf<T>(), scope.Namespace) + RequestPath.Query(scope);
        var list = await ExchangeAsync<ItemsOf<T>>(HttpMethod.Get, path, null, default, cancellationToken);
        return new ObjectList<T>(list.Items ?? [], list.Metadata?.ResourceVersion ?? "");
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ListScope scope, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var seconds = ((int)options.WatchDuration.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var path = RequestPath.Of(scope.ResourceOf<T>(), scope.Namespace) + RequestPath.Query(
            scope,
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", resourceVersion),
            ("timeoutSeconds", seconds));
        using var response = await connection.ExchangeAsync(HttpMethod.Get, path, null, default, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var line in LineReader.ReadAsync(stream, cancellationToken))
        {
            yield return WatchLine.Decode<T>(line.Span);
        }
    }

    /// <summary>An answer that has no end of its own, such as a log that is followed, as it comes.</summary>
    public async Task CopyAsync(string pathAndQuery, Stream destination, CancellationToken cancellationToken)
    {
        using var response = await connection.ExchangeAsync(HttpMethod.Get, pathAndQuery, null, default, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await body.CopyToAsync(destination, cancellationToken);
    }

    /// <summary>A WebSocket, for what goes both ways, such as a command in a container.</summary>
    /// <exception cref="ApiException">The server refuses.</exception>
    public Task<WebSocket> ConnectAsync(string pathAndQuery, string protocol, CancellationToken cancellationToken) => connection.ConnectAsync(pathAndQuery, protocol, cancellationToken);

    public Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>(
            HttpMethod.Post,
            RequestPath.Of(ResourceType.Of<T>(), value.Metadata.NamespaceProperty),
            Json,
            ObjectJson.Encode(value),
            cancellationToken);

    public Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>(HttpMethod.Put, PathOf<T>(value.Key()), Json, ObjectJson.Encode(value), cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>(HttpMethod.Put, PathOf<T>(value.Key(), "status"), Json, ObjectJson.Encode(value), cancellationToken);

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<T>(HttpMethod.Patch, PathOf<T>(key, subresource), ContentTypeOf(patch.Kind), patch.Body, cancellationToken);

    public Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        connection.SendAsync(
            HttpMethod.Delete,
            PathOf<T>(key),
            options is null ? null : Json,
            options is null ? default : ObjectJson.Encode(options),
            cancellationToken);

    public Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ExchangeAsync<TAnswer>(HttpMethod.Post, PathOf<T>(key, subresource), Json, ObjectJson.Encode(body), cancellationToken);

    public Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        connection.SendAsync(method, pathAndQuery, contentType, body, cancellationToken);

    public void Dispose() => connection.Dispose();

    private async Task<TAnswer> ExchangeAsync<TAnswer>(
        HttpMethod method, string path, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        ObjectJson.Decode<TAnswer>(await connection.SendAsync(method, path, contentType, body, cancellationToken));

    private static string PathOf<T>(ObjectKey key, string? subresource = null) =>
        RequestPath.Of(ResourceType.Of<T>(), key.Namespace, key.Name, subresource);

    private static string ContentTypeOf(PatchKind kind) => kind switch
    {
        PatchKind.Json => "application/json-patch+json",
        PatchKind.Merge => "application/merge-patch+json",
        PatchKind.StrategicMerge => "application/strategic-merge-patch+json",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private sealed class ItemsOf<T>
    {
        [System.Text.Json.Serialization.JsonPropertyName("metadata")]
        public V1ListMeta? Metadata { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("items")]
        public List<T>? Items { get; set; }
    }
}
