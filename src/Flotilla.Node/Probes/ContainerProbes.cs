using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using Flotilla.Node.Statistics;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Probes;

/// <summary>The up to three probes of one running container. Liveness and readiness begin when the startup probe has passed.</summary>
internal sealed class ContainerProbes
{
    private readonly ProbeTarget target;
    private readonly CriClient runtime;
    private readonly EventRecorder events;
    private readonly TimeProvider time;
    private readonly ProbeCounts counts;
    private readonly Action changed;
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool ready;
    private volatile string? unhealthy;

    public ContainerProbes(
        ProbeTarget target, PodServices services, Action changed, bool wasReady, bool wasStarted)
    {
        this.target = target;
        runtime = services.Runtime;
        events = services.Events;
        time = services.Time;
        counts = services.ProbeCounts;
        this.changed = changed;
        ready = target.Spec.ReadinessProbe is null || wasReady;
        if (target.Spec.StartupProbe is null || wasStarted)
        {
            started.SetResult();
        }
    }

    public bool IsStarted => started.Task.IsCompletedSuccessfully;

    public bool IsReady => IsStarted && ready;

    /// <summary>Why the container must be killed; null: it need not.</summary>
    public string? Unhealthy => unhealthy;

    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start()
    {
        var loops = new List<Task>();
        if (target.Spec.StartupProbe is { } startup && !IsStarted)
        {
            loops.Add(RunAsync(startup, "Startup", waitForStart: false, Started));
        }
        if (target.Spec.LivenessProbe is { } liveness)
        {
            loops.Add(RunAsync(liveness, "Liveness", waitForStart: true, passed => Lives(passed, "liveness")));
        }
        if (target.Spec.ReadinessProbe is { } readiness)
        {
            loops.Add(RunAsync(readiness, "Readiness", waitForStart: true, Ready));
        }
        Completion = Task.WhenAll(loops);
    }

    public void Stop() => stopping.Cancel();

    private void Started(bool passed)
    {
        if (passed)
        {
            started.TrySetResult();
            changed();
        }
        else
        {
            Lives(passed, "startup");
        }
    }

    private void Lives(bool passed, string probe)
    {
        if (!passed && unhealthy is null)
        {
            unhealthy = $"Container {target.Spec.Name} failed {probe} probe, will be restarted";
            changed();
        }
    }

    private void Ready(bool passed)
    {
        if (ready != passed)
        {
            ready = passed;
            changed();
        }
    }

    private async Task RunAsync(V1Probe probe, string kind, bool waitForStart, Action<bool> verdict)
    {
        var cancellationToken = stopping.Token;
        try
        {
            if (waitForStart)
            {
                await started.Task.WaitAsync(cancellationToken);
            }
            var begin = target.Container.StartedAt + TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0) - time.GetUtcNow();
            if (begin > TimeSpan.Zero)
            {
                await Task.Delay(Waiting.Bounded(begin), time, cancellationToken);
            }
            var period = TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? 10));
            var (row, last) = (0, false);
            while (unhealthy is null)
            {
                var result = await ProbeAsync(probe, cancellationToken);
                counts.Count(target.Pod, target.Spec.Name, kind, result.Passed);
                row = result.Passed == last ? row + 1 : 1;
                last = result.Passed;
                if (!result.Passed)
                {
                    events.Record(target.Pod, "Warning", "Unhealthy", $"{kind} probe failed: {result.Output}", target.Pod.FieldPath(target.Spec.Name));
                }
                if (row >= (result.Passed ? probe.SuccessThreshold ?? 1 : probe.FailureThreshold ?? 3))
                {
                    verdict(result.Passed);
                    if (kind == "Startup" && result.Passed)
                    {
                        return;
                    }
                }
                await Task.Delay(Waiting.Bounded(period), time, cancellationToken);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or RpcException && cancellationToken.IsCancellationRequested)
        {
            // The container or the agent stops: nobody asks any more.
        }
    }

    private async Task<ProbeResult> ProbeAsync(V1Probe probe, CancellationToken cancellationToken)
    {
        var timeout = TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds ?? 1));
        try
        {
            if (probe.Exec is { } exec)
            {
                var none = new Dictionary<string, string>(StringComparer.Ordinal);
                var command = (exec.Command ?? []).Select(word => Expansion.Expand(word, none)).ToList();
                return await ExecProbe.RunAsync(runtime, target.Container.Id, command, timeout, cancellationToken);
            }
            if (probe.HttpGet is { } get)
            {
                return await HttpProbe.RunAsync(HttpProbe.Request.For(get, target.Spec, target.Ip), timeout, cancellationToken);
            }
            if (probe.TcpSocket is { } tcp)
            {
                var host = string.IsNullOrEmpty(tcp.Host) ? target.Ip : tcp.Host;
                return await TcpProbe.RunAsync(host, ProbePorts.Resolve(tcp.Port, target.Spec), timeout, cancellationToken);
            }
            return probe.Grpc is { } grpc
                ? await GrpcProbe.RunAsync(target.Ip, grpc.Port, grpc.Service ?? "", timeout, cancellationToken)
                : ProbeResult.Ok;
        }
        catch (Exception fault) when (fault is UriFormatException or ArgumentException or InvalidOperationException)
        {
            return ProbeResult.Failed(fault.Message);
        }
    }
}
