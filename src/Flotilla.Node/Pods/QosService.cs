using Flotilla.Node.Status;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Node.Pods;

/// <summary>Keeps the cgroups above the pods': what the machine keeps for itself, and the burstable pods' share as they come and go.</summary>
internal sealed class QosService(PodCgroups cgroups, NodeCapacity capacity, PodAgent agent, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private decimal? shared;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Share();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Share();
        }
    }

    private void Share()
    {
        var burstable = agent.Workers.Where(worker => worker.IsActive && QualityOfService.Of(worker.Pod) == QualityOfService.Burstable).Sum(worker => PodRequests.Of(worker.Pod, "cpu"));
        if (burstable != shared)
        {
            cgroups.CreateTree(capacity.AmountOf("cpu") ?? capacity.Cores, capacity.EnforcedMemoryBytes, burstable);
            shared = burstable;
        }
    }
}
