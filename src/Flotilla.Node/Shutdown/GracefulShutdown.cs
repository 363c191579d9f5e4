using Flotilla.Api;
using Flotilla.Node.Pods;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Shutdown;

/// <summary>
/// Has the machine wait when it is to go down, until its pods have ended: the node is not ready from then on, pods leave by
/// their priority, each group within its time. The machine goes down when the last one is gone, or time is over.
/// </summary>
internal sealed partial class GracefulShutdown(NodeOptions options, ILogind? logind, Func<IEnumerable<IEndingPod>> pods, TimeProvider time, ILogger<GracefulShutdown> logger) : BackgroundService
{
    private const string Message = "Pod was terminated in response to imminent node shutdown.";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Why the node is not ready; null: nothing is going on.</summary>
    public string? NotReady => IsUnderWay ? "node is shutting down" : null;

    public bool IsUnderWay { get; private set; }

    /// <summary>Called when <see cref="IsUnderWay"/> has changed.</summary>
    public Action Changed { get; set; } = () => { };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.ShutdownGracePeriod == TimeSpan.Zero)
        {
            return;
        }

        if (logind is null)
        {
            Log.NoSystemd(logger);
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(logind, stoppingToken);
            }
            catch (IOException failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Unheard(logger, failure.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(ILogind machine, CancellationToken cancellationToken)
    {
        await WidenAsync(machine, cancellationToken);
        var delay = machine.Delay();
        try
        {
            await foreach (var begins in machine.ShutdownsAsync(cancellationToken))
            {
                (IsUnderWay, var was) = (begins, IsUnderWay);
                Changed();
                if (begins && !was)
                {
                    Log.Begins(logger);
                    await EndPodsAsync(cancellationToken);
                    await delay.DisposeAsync();
                }
                else if (!begins && was)
                {
                    delay = machine.Delay();
                }
            }
        }
        finally
        {
            await delay.DisposeAsync();
        }
    }

    private async Task WidenAsync(ILogind machine, CancellationToken cancellationToken)
    {
        if (await machine.LongestDelayAsync(cancellationToken) >= options.ShutdownGracePeriod)
        {
            return;
        }

        await machine.SetLongestDelayAsync(options.ShutdownGracePeriod, cancellationToken);
        if (await machine.LongestDelayAsync(cancellationToken) is var longest && longest < options.ShutdownGracePeriod)
        {
            Log.TooShort(logger, longest, options.ShutdownGracePeriod);
        }
    }

    private async Task EndPodsAsync(CancellationToken cancellationToken)
    {
        foreach (var (group, leaving) in ShutdownPlan.For(ShutdownPlan.Groups(options.ShutdownGracePeriod, options.ShutdownGracePeriodCriticalPods), pods().ToList(), pod => pod.Pod.Spec.Priority ?? 0))
        {
            foreach (var pod in leaving)
            {
                var asked = pod.Pod.GracePeriod();
                pod.Evict(PodFailures.Terminated, Message, asked < group.Grace ? asked : group.Grace);
            }

            try
            {
                await Task.WhenAll(leaving.Select(pod => pod.Ended)).WaitAsync(group.Grace, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                Log.NotEnded(logger, string.Join(", ", leaving.Where(pod => !pod.Ended.IsCompleted).Select(pod => pod.Pod.Key().ToString())));
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "This machine is not run by systemd: pods are not given time when it goes down, except by 'flotilla down'")]
        public static partial void NoSystemd(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The machine cannot be asked to wait for pods when it goes down ({Reason}); trying again")]
        public static partial void Unheard(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The machine waits {Longest} at most when it goes down, not {Wanted}: another InhibitDelayMaxSec in logind's settings is in the way")]
        public static partial void TooShort(ILogger logger, TimeSpan longest, TimeSpan wanted);

        [LoggerMessage(Level = LogLevel.Information, Message = "The machine is going down: its pods are ended")]
        public static partial void Begins(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Their time is over, and they have not ended: {Pods}")]
        public static partial void NotEnded(ILogger logger, string pods);
    }
}
