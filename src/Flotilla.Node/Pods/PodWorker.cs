using Flotilla.Api;
using Flotilla.Linux.Cri;
using Flotilla.Node.Admission;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.Probes;
using Flotilla.Node.Shutdown;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using k8s.Models;

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
    private readonly PodObserver observer;
    private readonly PodProbes probes;
    private readonly ContainerStarts starts;
    private readonly PodResizer resizer;
    private readonly PodGarbage garbage;
    private readonly PodReport report;
    private readonly PodKeeper keeper;
    private readonly PodEnder ender;
    private readonly SemaphoreSlim wake = new(1, 1);
    private readonly Lock gate = new();
    private V1Pod pod;
    private bool isGone;
    private CancellationTokenSource interrupt = new();
    private Rejection? rejection;
    private TimeSpan? evictionGrace;
    private int failures;
    private DateTimeOffset lookedAt;
    private bool hasExclusives;

    public PodWorker(V1Pod pod, PodServices services)
    {
        this.pod = pod;
        this.services = services;
        var sandboxes = new PodSandboxes(services);
        var stopper = new PodStopper(services, sandboxes);
        observer = new PodObserver(services.Runtime, pod.Metadata.Uid, services.HostIps, services.Kills, services.Time);
        probes = new PodProbes(services, Wake);
        starts = new ContainerStarts(services, sandboxes);
        resizer = new PodResizer(services);
        garbage = new PodGarbage(services, sandboxes);
        report = new PodReport(pod, services, probes, starts, resizer);
        keeper = new PodKeeper(services, sandboxes, stopper, observer, probes, starts, resizer);
        ender = new PodEnder(services, sandboxes, stopper, observer, probes, report, garbage);
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
    public bool IsActive => !IsGone && !pod.IsDeleting() && report.Failure is null && rejection is null && !report.IsOver;

    /// <summary>Nothing of it runs any more.</summary>
    public bool IsDone => ender.IsDone;

    /// <summary>Done when nothing of it runs any more; its resources are free then.</summary>
    public Task Ended => ender.Ended;

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
            report.Failure = (reason, message);
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
        DateTimeOffset?[] ends = [starts.Holds.NextEnd(lookedAt), report.Failure is null ? report.Deadline(pod) : null, observer.IsUnsettled ? lookedAt + SettleInterval : null];
        var next = ends.Min();
        if (next is null)
        {
            return Timeout.InfiniteTimeSpan;
        }
        var wait = next.Value - services.Time.GetUtcNow() + TimeSpan.FromMilliseconds(1);
        return wait > TimeSpan.Zero ? Waiting.Bounded(wait) : TimeSpan.Zero;
    }

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
                await ender.TerminateAsync(wanted, observed, () => isGone, cancellationToken);
                return true;
            }
            if (!await IsAdmittedAsync(wanted, observed, cancellationToken))
            {
                return false;
            }
            var desired = resizer.Allocate(wanted);
            CheckDeadline(desired);
            if (report.Failure is not null || report.IsOver)
            {
                await ender.FinishAsync(desired, observed, evictionGrace ?? desired.GracePeriod(), cancellationToken);
                return false;
            }
            probes.Follow(desired, observed);
            starts.Account(desired, observed);
            resizer.Check(desired, observed);
            var plan = PodPlan.For(desired, observed, this);
            report.Publish(desired, observed);
            if (report.IsOver)
            {
                continue;
            }
            await keeper.AdoptVolumesAsync(desired, observed, cancellationToken);
            if (plan.IsEmpty)
            {
                await garbage.CollectAsync(desired, observed, cancellationToken);
                return false;
            }
            await keeper.ApplyAsync(desired, report.Status, observed, plan, cancellationToken);
        }
        Wake();
        return false;
    }

    private void CheckDeadline(V1Pod desired)
    {
        if (report.Failure is null && report.Deadline(desired) <= services.Time.GetUtcNow())
        {
            report.Failure = (PodFailures.DeadlineExceeded, "Pod was active on the node longer than the specified deadline");
            services.Events.Record(desired, "Normal", report.Failure.Value.Reason, report.Failure.Value.Message);
        }
    }

    // Asked once: what runs already stays, whatever speaks against it now.
    private async Task<bool> IsAdmittedAsync(V1Pod wanted, ObservedPod observed, CancellationToken cancellationToken)
    {
        if (report.IsOver)
        {
            return rejection is null;
        }
        rejection = services.Admission.Admit(wanted, observed.Sandboxes.Count > 0 || report.Status.Phase == "Running", Wake);
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
        ender.Release(wanted);
        report.Reject(wanted, rejection);
        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Pod {Pod} could not be brought up to date; retrying")]
        public static partial void SyncFailed(ILogger logger, Exception failure, ObjectKey pod);
    }
}
