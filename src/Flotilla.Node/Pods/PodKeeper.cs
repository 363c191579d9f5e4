using Flotilla.Api;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.Probes;
using Grpc.Core;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Pods;

/// <summary>
/// Keeps one pod as it is to be: does what its plan says, from volumes and sandbox to the containers. What fails is thrown and
/// done again by the next plan. The pod's loop alone uses it.
/// </summary>
internal sealed partial class PodKeeper(PodServices services, PodSandboxes sandboxes, PodStopper stopper, PodObserver observer, PodProbes probes, ContainerStarts starts, PodResizer resizer)
{
    private PodVolumes? volumes;

    /// <summary>A restarted agent finds volumes mounted; mounting them again keeps their contents current.</summary>
    public async Task AdoptVolumesAsync(V1Pod desired, ObservedPod observed, CancellationToken cancellationToken)
    {
        if (volumes is not null || !observed.Running.Any())
        {
            return;
        }
        try
        {
            volumes = await MountAsync(desired, cancellationToken);
        }
        catch (VolumeException missing)
        {
            // What runs has what it needs; the volume is asked for again before anything starts.
            Log.VolumeNotRefreshed(services.Logger, desired.Key(), missing.Message);
        }
    }

    public async Task ApplyAsync(V1Pod desired, V1PodStatus status, ObservedPod observed, PodPlan plan, CancellationToken cancellationToken)
    {
        if (plan.StopPod)
        {
            probes.StopAll();
            await stopper.StopPodAsync(desired, observed, desired.GracePeriod(), cancellationToken);
            return;
        }
        await Task.WhenAll(plan.Kill.Select(kill => KillAsync(desired, observed, kill, cancellationToken)));
        if (plan.CreateSandbox)
        {
            await CreateSandboxAsync(desired, observed, cancellationToken);
            return;
        }
        await resizer.ApplyAsync(desired, plan.Resize, cancellationToken);
        if (plan.Start.Count == 0)
        {
            return;
        }
        var mounted = volumes ??= await MountAsync(desired, cancellationToken);
        await starts.StartAsync(desired, status, observed, plan.Start, mounted, cancellationToken);
    }

    private async Task KillAsync(V1Pod desired, ObservedPod observed, ContainerKill kill, CancellationToken cancellationToken)
    {
        var spec = desired.FindContainer(kill.Container.Name);
        var probe = kill.Message.Contains("startup", StringComparison.Ordinal) ? spec?.StartupProbe : spec?.LivenessProbe;
        var grace = kill.IsProbe && probe?.TerminationGracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : desired.GracePeriod();
        await stopper.StopContainerAsync(desired, kill.Container, grace, kill.Message, observed.Ip, cancellationToken);
    }

    private async Task CreateSandboxAsync(V1Pod desired, ObservedPod observed, CancellationToken cancellationToken)
    {
        volumes = await MountAsync(desired, cancellationToken);
        await PrepareClaimsAsync(desired, cancellationToken);
        var attempt = observed.Sandbox is { } last ? last.Metadata.Attempt + 1 : 0;
        if (attempt > 0)
        {
            starts.Holds.LoseSandbox(observed.Sandbox!.Id);
            services.Events.Record(desired, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        }
        try
        {
            await sandboxes.CreateAsync(desired, attempt, cancellationToken);
        }
        catch (Exception refused) when (refused is RpcException or ApiException or UnsupportedException && !cancellationToken.IsCancellationRequested)
        {
            var why = refused is RpcException call ? $"rpc error: code = {call.StatusCode} desc = {call.Status.Detail}" : refused.Message;
            services.Events.Record(desired, "Warning", "FailedCreatePodSandBox", $"Failed to create pod sandbox: {why}");
            throw;
        }
        var created = await observer.ObserveAsync(cancellationToken);
        await sandboxes.WriteHostsFileAsync(desired, created.Ips, cancellationToken);
    }

    private async Task PrepareClaimsAsync(V1Pod desired, CancellationToken cancellationToken)
    {
        try
        {
            await services.Claims.PrepareAsync(desired, cancellationToken);
        }
        catch (DynamicResourceException missing)
        {
            services.Events.Record(desired, "Warning", "FailedPrepareDynamicResources", $"Failed to prepare dynamic resources: prepare dynamic resources: {missing.Message}");
            throw;
        }
    }

    private async Task<PodVolumes> MountAsync(V1Pod desired, CancellationToken cancellationToken)
    {
        try
        {
            return await services.Volumes.MountAsync(desired, cancellationToken);
        }
        catch (VolumeException missing)
        {
            services.Events.Record(desired, "Warning", "FailedMount", missing.Message);
            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A volume of running pod {Pod} could not be refreshed: {Reason}")]
        public static partial void VolumeNotRefreshed(ILogger logger, ObjectKey pod, string reason);
    }
}
