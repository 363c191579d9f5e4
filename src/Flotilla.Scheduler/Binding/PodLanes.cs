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

    private readonly Channel<Func<CancellationToken, Task>>[] lanes = [.. Enumerable.Range(0, Lanes)
        .Select(_ => Channel.CreateBounded<Func<CancellationToken, Task>>(
            new BoundedChannelOptions(LaneLength) { SingleReader = true }))];

    public ValueTask EnqueueAsync(ObjectKey pod, Func<CancellationToken, Task> write, CancellationToken cancellationToken) =>
        lanes[(pod.GetHashCode() & int.MaxValue) % Lanes].Writer.WriteAsync(write, cancellationToken);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(lanes.Select(lane => Task.Run(() => DrainAsync(lane.Reader, stoppingToken), CancellationToken.None)));

    private async Task DrainAsync(ChannelReader<Func<CancellationToken, Task>> lane, CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var write in lane.ReadAllAsync(stoppingToken))
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
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: what is left is decided anew after the next start.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A write about a pod failed")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
