using System.Runtime.CompilerServices;
using System.Threading.Channels;
using k8s.Models;

namespace Flotilla.Client.Tests.Informers;

/// <summary>Answers lists and watches of ConfigMaps as a test says: what an informer meets on the wire, failures included.</summary>
internal sealed class ScriptedClient : UnusedClient
{
    private readonly Channel<ObjectList<V1ConfigMap>> lists = Channel.CreateBounded<ObjectList<V1ConfigMap>>(16);
    private readonly Channel<object> watch = Channel.CreateBounded<object>(64);

    public List<string> WatchedFrom { get; } = [];

    public void NextList(string version, params V1ConfigMap[] items) => lists.Writer.TryWrite(new ObjectList<V1ConfigMap>(items, version));

    public void Send(WatchEventType type, V1ConfigMap value) => watch.Writer.TryWrite(new WatchEvent<V1ConfigMap>(type, value));

    public void Break(Exception error) => watch.Writer.TryWrite(error);

    public override async Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken) =>
        (ObjectList<T>)(object)await lists.Reader.ReadAsync(cancellationToken);

    public override async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ListScope scope, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        WatchedFrom.Add(resourceVersion);
        await foreach (var step in watch.Reader.ReadAllAsync(cancellationToken))
        {
            yield return step is Exception error ? throw error : (WatchEvent<T>)step;
        }
    }
}
