using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client;

/// <summary>One informer per kind and scope, shared by everything in the process; asked for before or after the start.</summary>
public sealed class InformerSet(IObjectClient client, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    private readonly Lock gate = new();
    private readonly Dictionary<(Type Kind, ListScope Scope), IInformer> informers = [];
    private readonly Dictionary<IInformer, CancellationTokenSource> cancellations = [];
    private readonly List<Task> running = [];
    private CancellationToken? stopping;

    public Informer<T> Of<T>(ListScope? scope = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            var id = (typeof(T), scope ?? ListScope.All);
            if (!informers.TryGetValue(id, out var informer))
            {
                var logger = loggers.CreateLogger("Flotilla.Client.Informer");
                informers.Add(id, informer = new Informer<T>(client, scope ?? ListScope.All, time, logger));
                Run(informer);
            }

            return (Informer<T>)informer;
        }
    }

    /// <summary>For kinds that come and go: the next who asks for it gets a new one.</summary>
    public void Stop<T>(ListScope? scope = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            if (informers.Remove((typeof(T), scope ?? ListScope.All), out var informer)
                && cancellations.Remove(informer, out var cancellation))
            {
                cancellation.Cancel();
            }
        }
    }

    /// <summary>Until every informer asked for so far has listed once.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return Task.WhenAll(informers.Values.Select(informer => informer.WaitForSyncAsync(cancellationToken)));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lock (gate)
        {
            stopping = stoppingToken;
            foreach (var informer in informers.Values)
            {
                Run(informer);
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Task[] all;
        lock (gate)
        {
            all = [.. running];
        }

        await Task.WhenAll(all);
    }

    private void Run(IInformer informer)
    {
        if (stopping is { IsCancellationRequested: false } token)
        {
            var cancellation = CancellationTokenSource.CreateLinkedTokenSource(token);
            cancellations.Add(informer, cancellation);
            running.Add(Task.Run(() => informer.RunAsync(cancellation.Token), CancellationToken.None));
        }
    }
}
