using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Storage;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Controllers.Tests.Runtime;

/// <summary>Controllers under test in front of an in-memory cluster, on a clock that the test moves.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly MemoryStore store = new();
    private readonly List<IHostedService> running = [];

    public Cluster(params Func<ControllerContext, Controller>[] controllers)
    {
        Client = new StoreClient(store, Time);
        Informers = new InformerSet(Client, Time, NullLoggerFactory.Instance);
        Context = new ControllerContext(Client, Informers, Time, Loggers(), new ControllerOptions { RootCertificates = () => "PEM" });
        running.Add(Informers);
        running.AddRange(controllers.Select(create => create(Context)));
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public IObjectClient Client { get; }

    public InformerSet Informers { get; }

    public ControllerContext Context { get; }

    public async Task<Cluster> StartAsync()
    {
        foreach (var service in running)
        {
            await service.StartAsync(CancellationToken.None);
        }

        return this;
    }

    public Task<T> CreateAsync<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta> => Client.CreateAsync(value, CancellationToken.None);

    public Task<T> GetAsync<T>(string ns, string name)
        where T : class, IKubernetesObject<V1ObjectMeta> => Client.GetAsync<T>(new ObjectKey(ns, name), CancellationToken.None);

    public async Task<IReadOnlyList<T>> ListAsync<T>(string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await Client.ListAsync<T>(new ListScope(ns), CancellationToken.None)).Items;

    /// <summary>Changes the newest state of an object: its status, or all but its status.</summary>
    public async Task<T> ChangeAsync<T>(string ns, string name, Action<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        while (true)
        {
            var value = await GetAsync<T>(ns, name);
            var status = StatusOf(value);
            change(value);
            try
            {
                return StatusOf(value) == status
                    ? await Client.UpdateAsync(value, CancellationToken.None)
                    : await Client.UpdateStatusAsync(value, CancellationToken.None);
            }
            catch (ApiException conflict) when (conflict.IsConflict)
            {
                // A controller wrote in between.
            }
        }

        static string? StatusOf(T value) => System.Text.Json.Nodes.JsonNode.Parse(ObjectJson.Encode(value))!["status"]?.ToJsonString();
    }

    /// <summary>Waits until a condition holds; time passes only as much as the controllers' retries need.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            while (!await condition())
            {
                Time.Advance(TimeSpan.FromMilliseconds(20));
                await Task.Delay(2, timeout.Token);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"It did not happen: {what}");
        }
    }

    /// <summary>Plays the node: placed pods become ready, deleted ones go.</summary>
    public async Task RunPodsAsync(string ns = "default", Func<V1Pod, bool>? ready = null)
    {
        foreach (var pod in await ListAsync<V1Pod>(ns))
        {
            try
            {
                if (pod.Metadata.DeletionTimestamp is not null)
                {
                    await Client.DeleteAsync<V1Pod>(pod.Key(), new V1DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);
                }
                else if (pod.Status?.Phase is null && (ready?.Invoke(pod) ?? true))
                {
                    await SetReadyAsync(pod);
                }
            }
            catch (ApiException raced) when (raced.IsNotFound || raced.IsConflict)
            {
                // A controller was faster; the next round sees its result.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Enumerable.Reverse(running))
        {
            await service.StopAsync(CancellationToken.None);
            (service as IDisposable)?.Dispose();
        }

        await store.DisposeAsync();
    }

    private async Task SetReadyAsync(V1Pod pod)
    {
        await ChangeAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, running => running.Spec.NodeName ??= "node-1");
        await ChangeAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, running => running.Status = new V1PodStatus
        {
            Phase = "Running",
            Conditions = [new V1PodCondition { Type = "Ready", Status = "True", LastTransitionTime = Time.GetUtcNow().UtcDateTime }],
        });
    }

    private static ILoggerFactory Loggers() =>
        Environment.GetEnvironmentVariable("TEST_LOG") is null
            ? NullLoggerFactory.Instance
            : LoggerFactory.Create(builder => builder.AddSimpleConsole(options => options.SingleLine = true).SetMinimumLevel(LogLevel.Debug));
}
