using Flotilla.Api;
using Flotilla.Node.Admission;
using Flotilla.Node.Cri;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.Probes;
using Flotilla.Node.Shutdown;
using Grpc.Core;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Pods;

/// <summary>
/// One pod from its first sight to its last trace. A single loop looks at what is desired and what runs, does the next
/// thing and looks again; everybody else only wakes it. What must not wait (a deletion during a long pull) interrupts it.
/// </summary>
internal sealed partial class PodWorker : IContainerVerdicts, IEndingPod
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);
    private const int MaxRounds = 50;
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);

    private readonly PodServices services;
    private readonly PodSandboxes sandboxes;
    private readonly PodStopper stopper;
    private readonly PodObserver observer;
    private readonly PodProbes probes;
    private readonly ContainerStarts starts;
    private readonly PodResizer resizer;
    private readonly PodGarbage garbage;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim wake = new(1, 1);
    private readonly Lock gate = new();
    private V1Pod pod;
    private bool isGone;
    private CancellationTokenSource interrupt = new();
    private V1PodStatus status;
    private byte[] writtenStatus;
    private PodVolumes? volumes;
    private (string Reason, string Message)? failure;
    private Rejection? rejection;
    private TimeSpan? evictionGrace;
    private int failures;
    private DateTimeOffset lookedAt;
    private bool hasExclusives;
    private bool isUnmounted;

    public PodWorker(V1Pod pod, PodServices services)
    {
        this.pod = pod;
        this.services = services;
        sandboxes = new PodSandboxes(services);
        stopper = new PodStopper(services, sandboxes);
        observer = new PodObserver(services.Runtime, pod.Metadata.Uid, services.HostIps, services.Kills, services.Time);
        probes = new PodProbes(services, Wake);
        starts = new ContainerStarts(services, sandboxes);
        resizer = new PodResizer(services);
        garbage = new PodGarbage(services, sandboxes);
        status = pod.Status ?? new V1PodStatus();
        writtenStatus = ObjectJson.Encode(status);
    }

    public string Uid => pod.Metadata.Uid;

    /// <summary>As it is wanted.</summary>
    public V1Pod Pod => pod;

    /// <summary>Whether the cluster no longer knows the pod.</summary>
    public bool IsGone
    {
        get
        {
            lock (gate)
            {
                return isGone;
            }
        }
    }

    /// <summary>Neither over nor about to be.</summary>
    public bool IsActive => !IsGone && !pod.IsDeleting() && failure is null && rejection is null && status.Phase is not ("Succeeded" or "Failed");

    /// <summary>Nothing of it runs any more.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Done when nothing of it runs any more; its resources are free then.</summary>
    public Task Ended => ended.Task;

    /// <summary>Ends the pod for the node's sake. False: it is ending already.</summary>
    /// <param name="reason">One of <see cref="PodFailures"/>.</param>
    /// <param name="grace">null: what the pod asks for.</param>
    public bool Evict(string reason, string message, TimeSpan? grace)
    {
        lock (gate)
        {
            if (!IsActive)
            {
                return false;
            }
            evictionGrace = grace;
            failure = (reason, message);
            interrupt.Cancel();
        }
        Wake();
        return true;
    }

    public void Wake()
    {
        lock (gate)
        {
            if (wake.CurrentCount == 0)
            {
                wake.Release();
            }
        }
    }

    /// <param name="fresh">null: the cluster no longer knows the pod.</param>
    public void Update(V1Pod? fresh)
    {
        lock (gate)
        {
            var hurry = fresh is null
                || (fresh.IsDeleting() && (!pod.IsDeleting() || fresh.GracePeriod() < pod.GracePeriod()));
            isGone |= fresh is null;
            pod = fresh ?? pod;
            if (hurry)
            {
                interrupt.Cancel();
            }
        }
        if (fresh is null)
        {
            // What ends without the cluster waiting for it has no room any more: the scheduler has given it away.
            services.Admission.Release(pod.Metadata.Uid);
        }
        Wake();
    }

    /// <summary>Returns when nothing of the pod is left, or the agent stops (which stops no container).</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using (probes)
        {
            var wait = Timeout.InfiniteTimeSpan;
            while (true)
            {
                await WaitAsync(wait, cancellationToken);
                if (cancellationToken.IsCancellationRequested)
                {
                    return;
                }
                using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Interrupted());
                try
                {
                    if (await SyncAsync(bounded.Token))
                    {
                        return;
                    }
                    failures = 0;
                    wait = NextLook();
                }
                catch (Exception error) when (bounded.IsCancellationRequested && error is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
                {
                    wait = TimeSpan.Zero;
                }
                catch (Exception error)
                {
                    wait = Retry(error);
                }
            }
        }
    }

    bool IContainerVerdicts.IsStarted(V1Container container, ObservedContainer current) => probes.IsStarted(current.Id);

    string? IContainerVerdicts.Unhealthy(ObservedContainer current) => probes.Unhealthy(current.Id);

    bool IContainerVerdicts.IsHeld(V1Container container) => starts.Holds.IsHeld(container.Name);

    ResizeKind IContainerVerdicts.ResizeOf(V1Container container, ObservedContainer current) => resizer.KindOf(container, current);

    private CancellationToken Interrupted()
    {
        lock (gate)
        {
            if (interrupt.IsCancellationRequested)
            {
                interrupt.Dispose();
                interrupt = new CancellationTokenSource();
            }
            return interrupt.Token;
        }
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var due = wait == Timeout.InfiniteTimeSpan
            ? null
            : services.Time.CreateTimer(_ => Wake(), null, wait, Timeout.InfiniteTimeSpan);
        await wake.WaitAsync(timer.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private TimeSpan Retry(Exception error)
    {
        var ticks = Math.Min(FirstRetry.Ticks << Math.Min(failures, 10), LastRetry.Ticks);
        if (failures++ == 0 && error is not (VolumeException or ResizeException or UnsupportedException or DynamicResourceException))
        {
            Log.SyncFailed(services.Logger, error, pod.Key());
        }
        return TimeSpan.FromTicks(ticks);
    }

    // Back-offs and the deadline end by themselves, and reasons settle; everything else wakes us.
    private TimeSpan NextLook()
    {
        DateTimeOffset?[] ends = [starts.Holds.NextEnd(lookedAt), failure is null ? Deadline : null, observer.IsUnsettled ? lookedAt + SettleInterval : null];
        var next = ends.Min();
        if (next is null)
        {
            return Timeout.InfiniteTimeSpan;
        }
        var wait = next.Value - services.Time.GetUtcNow() + TimeSpan.FromMilliseconds(1);
        return wait > TimeSpan.Zero ? Waiting.Bounded(wait) : TimeSpan.Zero;
    }

    private DateTimeOffset? Deadline =>
        pod.Spec.ActiveDeadlineSeconds is { } seconds && status.StartTime is { } start && status.Phase is not ("Succeeded" or "Failed")
            ? new DateTimeOffset(DateTime.SpecifyKind(start, DateTimeKind.Utc)) + TimeSpan.FromSeconds(seconds)
            : null;

    /// <returns>Whether the pod is no more.</returns>
    private async Task<bool> SyncAsync(CancellationToken cancellationToken)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            lookedAt = services.Time.GetUtcNow();
            var wanted = pod;
            var observed = await observer.ObserveAsync(cancellationToken);
            await garbage.RemoveInterruptedAsync(observed, cancellationToken);
            if (isGone || wanted.IsDeleting())
            {
                await TerminateAsync(wanted, observed, cancellationToken);
                return true;
            }
            if (!await IsAdmittedAsync(wanted, observed, cancellationToken))
            {
                return false;
            }
            var desired = resizer.Allocate(wanted);
            if (failure is null && Deadline <= services.Time.GetUtcNow())
            {
                failure = (PodFailures.DeadlineExceeded, "Pod was active on the node longer than the specified deadline");
                services.Events.Record(desired, "Normal", failure.Value.Reason, failure.Value.Message);
            }
            if (failure is not null || status.Phase is "Succeeded" or "Failed")
            {
                await FinishAsync(desired, observed, cancellationToken);
                return false;
            }
            probes.Follow(desired, observed);
            starts.Account(desired, observed);
            resizer.Check(desired, observed);
            var plan = PodPlan.For(desired, observed, this);
            Publish(desired, observed);
            if (status.Phase is "Succeeded" or "Failed")
            {
                continue;
            }
            await AdoptVolumesAsync(desired, observed, cancellationToken);
            if (plan.IsEmpty)
            {
                await garbage.CollectAsync(desired, observed, cancellationToken);
                return false;
            }
            await ApplyAsync(desired, observed, plan, cancellationToken);
        }
        Wake();
        return false;
    }

    // Asked once: what runs already stays, whatever speaks against it now.
    private async Task<bool> IsAdmittedAsync(V1Pod wanted, ObservedPod observed, CancellationToken cancellationToken)
    {
        if (status.Phase is "Succeeded" or "Failed")
        {
            return rejection is null;
        }
        rejection = services.Admission.Admit(wanted, observed.Sandboxes.Count > 0 || status.Phase == "Running", Wake);
        if (rejection is { IsForResources: true } && CriticalPods.IsCritical(wanted))
        {
            rejection = await services.Preemption.AdmitAsync(wanted, rejection, Wake, cancellationToken);
        }
        if (rejection is null && !hasExclusives)
        {
            rejection = await services.Exclusive.AdmitAsync(wanted, services.Admission.PodUids(), cancellationToken);
            hasExclusives = rejection is null;
        }
        if (rejection is null)
        {
            return true;
        }
        Release(wanted);
        services.Events.Record(wanted, "Warning", rejection.Reason, rejection.Message);
        Write(wanted, PodStatusBuilder.Rejected(wanted, status, rejection, Seconds(services.Time.GetUtcNow().UtcDateTime)));
        return false;
    }

    private void Release(V1Pod desired)
    {
        services.Admission.Release(desired.Metadata.Uid);
        services.Exclusive.Release(desired.Metadata.Uid);
    }

    // A restarted agent finds volumes mounted; mounting them again keeps their contents current.
    private async Task AdoptVolumesAsync(V1Pod desired, ObservedPod observed, CancellationToken cancellationToken)
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

    private async Task ApplyAsync(V1Pod desired, ObservedPod observed, PodPlan plan, CancellationToken cancellationToken)
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

    // The pod's work is over, but the pod stays to be looked at.
    private async Task FinishAsync(V1Pod desired, ObservedPod observed, CancellationToken cancellationToken)
    {
        probes.StopAll();
        if (observed.IsSandboxReady || observed.Running.Any())
        {
            Publish(desired, observed);
            await stopper.StopPodAsync(desired, observed, evictionGrace ?? desired.GracePeriod(), cancellationToken);
            observed = await observer.ObserveAsync(cancellationToken);
        }
        await UnprepareClaimsAsync(desired, cancellationToken);
        Publish(desired, observed, stopped: true);
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

    private async Task TerminateAsync(V1Pod desired, ObservedPod observed, CancellationToken cancellationToken)
    {
        probes.StopAll();
        if (!isGone)
        {
            Publish(desired, observed);
        }
        if (observed.IsSandboxReady || observed.Running.Any())
        {
            await stopper.StopPodAsync(desired, observed, desired.GracePeriod(), cancellationToken);
            observed = await observer.ObserveAsync(cancellationToken);
        }
        await UnprepareClaimsAsync(desired, cancellationToken);
        await services.Volumes.UnmountAsync(desired.Metadata.Uid, cancellationToken);
        if (!isGone)
        {
            Publish(desired, observed, stopped: true, remove: true);
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

    private void Publish(V1Pod desired, ObservedPod observed, bool stopped = false, bool remove = false)
    {
        Write(desired, PodStatusBuilder.For(new StatusInput(
            desired,
            status,
            observed,
            (_, container) => probes.IsStarted(container.Id),
            (_, container) => probes.IsReady(container.Id),
            starts.Holds.State,
            services.HostIps,
            failure,
            stopped,
            Seconds(services.Time.GetUtcNow().UtcDateTime),
            resizer.InForce,
            resizer.Pending is { } lack ? (lack.Reason, lack.Message) : null,
            resizer.Progress)), remove);
    }

    private void Write(V1Pod desired, V1PodStatus fresh, bool remove = false)
    {
        status = fresh;
        if (remove || fresh.Phase is "Succeeded" or "Failed")
        {
            // Before the cluster hears of it: whom it sends in this one's place must find room.
            services.Admission.Release(desired.Metadata.Uid);
        }
        var encoded = ObjectJson.Encode(status);
        if (remove || !encoded.AsSpan().SequenceEqual(writtenStatus))
        {
            writtenStatus = encoded;
            services.Statuses.Set(desired, status, remove);
        }
    }

    private static DateTime Seconds(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A volume of running pod {Pod} could not be refreshed: {Reason}")]
        public static partial void VolumeNotRefreshed(ILogger logger, ObjectKey pod, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Claims of ended pod {Pod} are still prepared: {Reason}")]
        public static partial void ClaimsStay(ILogger logger, ObjectKey pod, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Pod {Pod} could not be brought up to date; retrying")]
        public static partial void SyncFailed(ILogger logger, Exception failure, ObjectKey pod);
    }
}
