using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Cluster;

/// <summary>Who has just been told of a write finds it: an answer waits until the cache shows what it tells of.</summary>
internal sealed class OwnWrites<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly Informer<T> cache;
    private readonly TimeProvider time;
    private readonly List<(Func<bool> IsSeen, TaskCompletionSource Done)> waiting = [];

    public OwnWrites(Informer<T> cache, TimeProvider time)
    {
        this.cache = cache;
        this.time = time;
        cache.Subscribe(_ => Wake());
    }

    public async Task<T> SeenAsync(T written, CancellationToken cancellationToken)
    {
        await WaitAsync(() => cache.Get(written.Key()) is { } known && known.Metadata.Uid == written.Metadata.Uid && known.Version() >= written.Version(), cancellationToken);
        return written;
    }

    public Task GoneAsync(T deleted, CancellationToken cancellationToken) =>
        WaitAsync(() => cache.Get(deleted.Key()) is not { } known || known.Metadata.Uid != deleted.Metadata.Uid || known.Metadata.DeletionTimestamp is not null, cancellationToken);

    private async Task WaitAsync(Func<bool> isSeen, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (isSeen())
            {
                return;
            }

            waiting.Add((isSeen, done));
        }

        // It may have come while nobody waited.
        Wake();
        try
        {
            await done.Task.WaitAsync(Longest, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Written it is; that it is seen late, or was changed at once by others, harms nobody.
        }
        finally
        {
            lock (gate)
            {
                waiting.RemoveAll(waiter => waiter.Done == done);
            }
        }
    }

    private void Wake()
    {
        lock (gate)
        {
            foreach (var (_, done) in waiting.Where(waiter => waiter.IsSeen()))
            {
                done.TrySetResult();
            }
        }
    }
}
