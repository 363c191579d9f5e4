using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client.Services;

/// <summary>
/// The parts of a process: started in their order, ended in the opposite one. A background part that fails is logged and
/// started again after <see cref="Pause"/>, so one fault neither ends the process nor leaves it without a part unnoticed.
/// </summary>
public sealed partial class ServiceSet(TimeProvider time, ILogger<ServiceSet> logger) : IAsyncDisposable
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly List<IHostedService> services = [];
    private readonly List<Task> watches = [];
    private readonly CancellationTokenSource ended = new();

    public void Add(IHostedService service) => services.Add(service);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var service in services)
        {
            await KeepAsync(service, cancellationToken);
        }
    }

    /// <summary>One more, at once.</summary>
    public Task StartAsync(IHostedService service, CancellationToken cancellationToken)
    {
        Add(service);
        return KeepAsync(service, cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await ended.CancelAsync();
        await Task.WhenAll(watches);
        foreach (var service in Enumerable.Reverse(services))
        {
            await service.StopAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await Task.WhenAll(watches);
        foreach (var service in services)
        {
            if (service is IAsyncDisposable slow)
            {
                await slow.DisposeAsync();
            }
            else
            {
                (service as IDisposable)?.Dispose();
            }
        }
        ended.Dispose();
    }

    private async Task KeepAsync(IHostedService service, CancellationToken cancellationToken)
    {
        await service.StartAsync(cancellationToken);
        if (service is BackgroundService background)
        {
            watches.Add(WatchAsync(background, cancellationToken));
        }
    }

    // A part ends with the token it was started with, too.
    private async Task WatchAsync(BackgroundService service, CancellationToken started)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(started, ended.Token);
        while (await FaultOfAsync(service.ExecuteTask ?? Task.CompletedTask, over.Token) is { } fault)
        {
            Log.Failed(logger, fault, service.GetType().Name, Pause.TotalSeconds);
            await Task.Delay(Pause, time, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (over.IsCancellationRequested)
            {
                return;
            }
            await service.StartAsync(over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Null when the part, or the process, has ended as it should.
    private static async Task<Exception?> FaultOfAsync(Task running, CancellationToken over)
    {
        await running.WaitAsync(over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return over.IsCancellationRequested ? null : running.Exception?.GetBaseException();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Part} failed and starts again in {Seconds} s")]
        public static partial void Failed(ILogger logger, Exception fault, string part, double seconds);
    }
}
