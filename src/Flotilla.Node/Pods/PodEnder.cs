using Flotilla.Api;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.Probes;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Pods;

/// <summary>
/// The end of one pod: what runs is stopped, then claims, volumes and room are given back and the cluster is told. Each step may
/// be done again. The pod's loop alone uses it.
/// </summary>
internal sealed partial class PodEnder(PodServices services, PodSandboxes sandboxes, PodStopper stopper, PodObserver observer, PodProbes probes, PodReport report, PodGarbage garbage)
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isUnmounted;

    /// <summary>Nothing of it runs any more.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Done when nothing of it runs any more; its resources are free then.</summary>
    public Task Ended => ended.Task;

    /// <summary>The pod's work is over, but the pod stays to be looked at.</summary>
    public async Task FinishAsync(V1Pod desired, ObservedPod observed, TimeSpan grace, CancellationToken cancellationToken)
    {
        probes.StopAll();
        if (observed.IsSandboxReady || observed.Running.Any())
        {
            report.Publish(desired, observed);
            await stopper.StopPodAsync(desired, observed, grace, cancellationToken);
            observed = await observer.ObserveAsync(cancellationToken);
        }
        await UnprepareClaimsAsync(desired, cancellationToken);
        report.Publish(desired, observed, stopped: true);
        IsDone = true;
        Release(desired);
        ended.TrySetResult();
        services.Cgroups.Remove(desired.Metadata.Uid);
        // Others may need the volumes while this pod is still looked at.
        if (!isUnmounted)
        {
            await services.Volumes.UnmountAsync(desired.Metadata.Uid, cancellationToken);
            isUnmounted = true;
        }
    }

    /// <summary>Nothing of the pod stays.</summary>
    /// <param name="isGone">Whether the cluster no longer knows it.</param>
    public async Task TerminateAsync(V1Pod desired, ObservedPod observed, Func<bool> isGone, CancellationToken cancellationToken)
    {
        probes.StopAll();
        if (!isGone())
        {
            report.Publish(desired, observed);
        }
        if (observed.IsSandboxReady || observed.Running.Any())
        {
            await stopper.StopPodAsync(desired, observed, desired.GracePeriod(), cancellationToken);
            observed = await observer.ObserveAsync(cancellationToken);
        }
        await UnprepareClaimsAsync(desired, cancellationToken);
        await services.Volumes.UnmountAsync(desired.Metadata.Uid, cancellationToken);
        if (!isGone())
        {
            report.Publish(desired, observed, stopped: true, remove: true);
        }
        else
        {
            services.Statuses.Forget(desired.Metadata.Uid);
        }
        await Task.WhenAll(observed.Sandboxes.Select(sandbox => sandboxes.RemoveAsync(sandbox, cancellationToken)));
        services.Cgroups.Remove(desired.Metadata.Uid);
        IsDone = true;
        Release(desired);
        ended.TrySetResult();
        services.ProbeCounts.Forget(desired.Metadata.Uid);
        garbage.DeleteFiles(desired);
    }

    public void Release(V1Pod desired)
    {
        services.Admission.Release(desired.Metadata.Uid);
        services.Exclusive.Release(desired.Metadata.Uid);
    }

    // Until this is done the pod has not ended: whoever comes next finds the devices as he expects them.
    private async Task UnprepareClaimsAsync(V1Pod desired, CancellationToken cancellationToken)
    {
        try
        {
            await services.Claims.UnprepareAsync(desired.Metadata.Uid, cancellationToken);
        }
        catch (DynamicResourceException stuck)
        {
            Log.ClaimsStay(services.Logger, desired.Key(), stuck.Message);
            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Claims of ended pod {Pod} are still prepared: {Reason}")]
        public static partial void ClaimsStay(ILogger logger, ObjectKey pod, string reason);
    }
}
