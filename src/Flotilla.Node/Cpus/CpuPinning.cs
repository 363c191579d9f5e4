using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Cpus;

/// <summary>
/// Moves running containers to the processors they should have: those who share give way when a newcomer gets some for
/// itself, and spread again when it is gone.
/// </summary>
internal sealed partial class CpuPinning(CpuAssignments assignments, CriClient runtime, TimeProvider time, ILogger<CpuPinning> logger) : BackgroundService
{
    // Upstream's reconcile period.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, string> applied = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim wake = new(0, 1);

    /// <summary>Looks at once instead of within ten seconds.</summary>
    public void Wake()
    {
        if (wake.CurrentCount == 0)
        {
            wake.Release();
        }
    }

    public override void Dispose()
    {
        wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(stoppingToken);
            }
            catch (RpcException failure) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Failed(logger, failure);
            }

            using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(wake.WaitAsync(both.Token), Task.Delay(Interval, time, both.Token));
            await both.CancelAsync();
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        var filter = new ContainerFilter { State = new ContainerStateValue { State = ContainerState.ContainerRunning } };
        var list = await runtime.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, deadline: DateTime.UtcNow + CallTimeout, cancellationToken: cancellationToken);
        var running = list.Containers.Where(container => container.Labels.ContainsKey(RuntimeLabels.PodUid)).ToList();
        foreach (var gone in applied.Keys.Except(running.Select(container => container.Id)).ToList())
        {
            applied.Remove(gone);
        }

        foreach (var container in running)
        {
            var cpus = assignments.Of(container.Labels[RuntimeLabels.PodUid], container.Labels[RuntimeLabels.ContainerName]);
            if (applied.GetValueOrDefault(container.Id) != cpus)
            {
                await runtime.Runtime.UpdateContainerResourcesAsync(
                    new UpdateContainerResourcesRequest { ContainerId = container.Id, Linux = new LinuxContainerResources { CpusetCpus = cpus } },
                    deadline: DateTime.UtcNow + CallTimeout,
                    cancellationToken: cancellationToken);
                applied[container.Id] = cpus;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Containers could not be moved to their processors; trying again")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
