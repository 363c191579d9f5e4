using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>
/// The cluster's objects as every component sees them: in process straight from the server's cache, or over HTTP.
/// Anything but success throws <see cref="ApiException"/>. Objects handed out are shared: copy before changing one.
/// </summary>
public interface IObjectClient
{
    Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Changes after <paramref name="resourceVersion"/>, in order, until cancelled or the server ends the stream.</summary>
    IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(ListScope scope, string resourceVersion, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Replaces the object; a set resourceVersion must match (409 Conflict otherwise).</summary>
    Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <param name="subresource">null for the object itself, else e.g. <c>status</c>.</param>
    Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>POST to a subresource of a <typeparamref name="T"/>: <c>binding</c>, <c>eviction</c>, <c>token</c>.</summary>
    Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Any other exchange with the API by path (scale, garbage collection of unknown kinds, discovery). Returns the body's bytes.</summary>
    Task<byte[]> SendAsync(HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}

/// <summary>What a list or watch covers; null means everything.</summary>
/// <param name="Resource">
/// The resource, when the model does not say it: <see cref="ObjectMetadata"/> reads the metadata of any resource,
/// known at compile time or not. null: the model's own, <see cref="ResourceType.Of{T}"/>.
/// </param>
public sealed record ListScope(
    string? Namespace = null, string? LabelSelector = null, string? FieldSelector = null, ResourceType? Resource = null)
{
    public static readonly ListScope All = new();

    public ResourceType ResourceOf<T>() => Resource ?? ResourceType.Of<T>();
}

public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion);

public enum WatchEventType
{
    Added,
    Modified,
    Deleted,
    Bookmark,
}

/// <summary>For a bookmark only <c>Object.Metadata.ResourceVersion</c> is set.</summary>
public readonly record struct WatchEvent<T>(WatchEventType Type, T Object);

public enum PatchKind
{
    Json,
    Merge,
    StrategicMerge,
}

public sealed record Patch(PatchKind Kind, ReadOnlyMemory<byte> Body);
