using System.Diagnostics;
using Flotilla.Api;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client;

/// <summary>
/// Workers that take keys and converge them. A failure is logged once, with its key, and retried with back-off;
/// a write conflict only means that a fresher state is on its way, so it is retried quietly.
/// </summary>
public sealed partial class ReconcileLoop(
    string name,
    WorkQueue<ObjectKey> queue,
    int workers,
    Func<ObjectKey, CancellationToken, Task> reconcile,
    ILogger logger,
    Func<CancellationToken, Task>? ready = null) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Deciding from half a cache would delete or create what is already right.
            await (ready?.Invoke(stoppingToken) ?? Task.CompletedTask);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }

        await Task.WhenAll(Enumerable.Range(0, workers)
            .Select(_ => Task.Run(() => WorkAsync(stoppingToken), CancellationToken.None)));
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            ObjectKey key;
            try
            {
                key = await queue.GetAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await ReconcileAsync(key, stoppingToken);
            }
            finally
            {
                queue.Done(key);
            }
        }
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken stoppingToken)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await reconcile(key, stoppingToken);
            queue.Forget(key);
            Log.Reconciled(logger, name, key, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: the next start looks at everything again.
        }
        catch (ApiException conflict) when (conflict.IsConflict)
        {
            Log.Conflict(logger, name, key);
            queue.AddRateLimited(key);
        }
        catch (Exception error)
        {
            if (queue.Failures(key) == 0)
            {
                Log.Failed(logger, error, name, key);
            }
            else
            {
                Log.FailedAgain(logger, name, key, error.Message);
            }

            queue.AddRateLimited(key);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Trace, Message = "{Loop}: {Key} reconciled in {Milliseconds} ms")]
        public static partial void Reconciled(ILogger logger, string loop, ObjectKey key, double milliseconds);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Loop}: {Key} changed meanwhile; trying again")]
        public static partial void Conflict(ILogger logger, string loop, ObjectKey key);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Loop}: {Key} failed; retrying with back-off")]
        public static partial void Failed(ILogger logger, Exception error, string loop, ObjectKey key);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Loop}: {Key} failed again: {Reason}")]
        public static partial void FailedAgain(ILogger logger, string loop, ObjectKey key, string reason);
    }
}
