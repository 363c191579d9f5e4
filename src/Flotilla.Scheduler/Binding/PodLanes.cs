using System.Threading.Channels;
using Flotilla.Api;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Scheduler.Binding;

/// <summary>
/// Writes to the API at once for many pods, but for each pod in order: a late "unschedulable" must not overtake
/// and overwrite a binding.
/// </summary>
public sealed partial class PodLanes(ILogger logger) : BackgroundService
{
    private const int Lanes = 64;
    private const int LaneLength = 128;
    private const int Places = 10_000;

    private readonly Channel<Func<CancellationToken, Task>>[] lanes = [.. Enumerable.Range(0, Lanes)
        .Select(_ => Channel.CreateBounded<Func<CancellationToken, Task>>(
            new BoundedChannelOptions(LaneLength) { SingleReader = true }))];

    private readonly SemaphoreSlim places = new(Places);
    private readonly HashSet<Task> beside = [];
    private CancellationToken stopping;

    public ValueTask EnqueueAsync(ObjectKey pod, Func<CancellationToken, Task> write, CancellationToken cancellationToken) =>
        lanes[(pod.GetHashCode() & int.MaxValue) % Lanes].Writer.WriteAsync(write, cancellationToken);

    /// <summary>
    /// For work that waits for others, e.g. for volumes to be made: no lane is held up. The pod is assumed meanwhile, so
    /// nothing else is written about it. Returns when there is a free place, before the work is done.
    /// </summary>
    public async Task RunBesideAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken);
        lock (beside)
        {
            beside.RemoveWhere(task => task.IsCompleted);
            beside.Add(Task.Run(() => WorkAsync(work, stopping), CancellationToken.None));
        }
    }

    public override void Dispose()
    {
        places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        stopping = stoppingToken;
        await Task.WhenAll(lanes.Select(lane => Task.Run(() => DrainAsync(lane.Reader, stoppingToken), CancellationToken.None)));
        Task[] rest;
        lock (beside)
        {
            rest = [.. beside];
        }

        await Task.WhenAll(rest);
    }

    private async Task WorkAsync(Func<CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        try
        {
            await RunAsync(work, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: as with the lanes.
        }
        finally
        {
            places.Release();
        }
    }

    private async Task DrainAsync(ChannelReader<Func<CancellationToken, Task>> lane, CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var write in lane.ReadAllAsync(stoppingToken))
            {
                await RunAsync(write, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: what is left is decided anew after the next start.
        }
    }

    private async Task RunAsync(Func<CancellationToken, Task> write, CancellationToken stoppingToken)
    {
        try
        {
            await write(stoppingToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            Log.Failed(logger, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A write about a pod failed")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
