using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client.Tests;

/// <summary>For tests that need a part of the client: whatever they do not override must not be called.</summary>
internal abstract class UnusedClient : IObjectClient
{
    public virtual Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(ListScope scope, string resourceVersion, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public virtual Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
