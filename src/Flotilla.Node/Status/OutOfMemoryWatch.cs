using Flotilla.Client;
using Flotilla.Node.Linux;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Status;

/// <summary>Tells on the node when the machine runs out of memory and the kernel ends a process for it, and notes of which container one was.</summary>
internal sealed partial class OutOfMemoryWatch(
    NodeOptions options, EventRecorder events, OutOfMemoryKills kills, TimeProvider time, ILogger<OutOfMemoryWatch> logger, string device = KernelLog.Device) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var log = new KernelLog(device);
            using var timer = new PeriodicTimer(Interval, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var record in log.ReadNew())
                {
                    Tell(record);
                }
            }
        }
        catch (IOException failure)
        {
            Log.Unreadable(logger, failure.Message);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Tell(string record)
    {
        if (OutOfMemory.ContainerOf(record) is { } container)
        {
            kills.Note(container);
        }
        if (OutOfMemory.VictimOf(record) is { } victim)
        {
            events.Record(
                new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = options.NodeName, Uid = options.NodeName },
                "Warning",
                "SystemOOM",
                FormattableString.Invariant($"System OOM encountered, victim process: {victim.Process}, pid: {victim.Id}"));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The kernel's log cannot be read, so that nobody is told when the machine is out of memory: {Reason}")]
        public static partial void Unreadable(ILogger logger, string reason);
    }
}
