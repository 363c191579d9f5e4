using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Scheduler.Tests;

/// <summary>The whole scheduler in front of an in-memory cluster, whose time runs only while something is waited for.</summary>
internal sealed class SchedulerScene : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private readonly FakeTimeProvider time = new();
    private readonly MemoryStore store = new();
    private readonly InformerSet informers;

    public SchedulerScene(SchedulerOptions? options = null)
    {
        Client = new StoreClient(store, time);
        informers = new InformerSet(Client, time, NullLoggerFactory.Instance);
        Scheduler = new SchedulerService(Client, informers, time, NullLoggerFactory.Instance, options);
    }

    public StoreClient Client { get; }

    public SchedulerService Scheduler { get; }

    public async Task StartAsync()
    {
        await informers.StartAsync(default);
        await Scheduler.StartAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await Scheduler.StopAsync(default);
        await informers.StopAsync(default);
        Scheduler.Dispose();
        informers.Dispose();
        await store.DisposeAsync();
    }

    public Task<T> CreateAsync<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta> => Client.CreateAsync(value, default);

    public Task<V1Pod> PodAsync(string name) => Client.GetAsync<V1Pod>(new ObjectKey("default", name), default);

    public async Task<IReadOnlyList<T>> ListAsync<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> => (await Client.ListAsync<T>(ListScope.All, default)).Items;

    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Longest);
        while (!await condition())
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(2, limit.Token);
        }
    }
}
