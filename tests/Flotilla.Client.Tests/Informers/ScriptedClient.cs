using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client.Tests.Informers;

/// <summary>Answers lists and watches of ConfigMaps as a test says: what an informer meets on the wire, failures included.</summary>
internal sealed class ScriptedClient : IObjectClient
{
    private readonly Channel<ObjectList<V1ConfigMap>> lists = Channel.CreateBounded<ObjectList<V1ConfigMap>>(16);
    private readonly Channel<object> watch = Channel.CreateBounded<object>(64);

    public List<string> WatchedFrom { get; } = [];

    public void NextList(string version, params V1ConfigMap[] items) => lists.Writer.TryWrite(new ObjectList<V1ConfigMap>(items, version));

    public void Send(WatchEventType type, V1ConfigMap value) => watch.Writer.TryWrite(new WatchEvent<V1ConfigMap>(type, value));

    public void Break(Exception error) => watch.Writer.TryWrite(error);

    public async Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (ObjectList<T>)(object)await lists.Reader.ReadAsync(cancellationToken);

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ListScope scope, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        WatchedFrom.Add(resourceVersion);
        await foreach (var step in watch.Reader.ReadAllAsync(cancellationToken))
        {
            yield return step is Exception error ? throw error : (WatchEvent<T>)step;
        }
    }

    public Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
