using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Stops containers: hook first, then the signal, all within the grace period; sidecars after the containers they serve.</summary>
internal sealed class PodStopper(PodServices services, PodSandboxes sandboxes)
{
    private readonly StopSignals signals = new(services.Runtime, services.Time);
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(2);

    public async Task StopPodAsync(V1Pod pod, ObservedPod observed, TimeSpan grace, CancellationToken cancellationToken)
    {
        var start = services.Time.GetTimestamp();
        var running = observed.Running.ToList();
        var sidecars = running.Where(container => pod.FindContainer(container.Name)?.IsSidecar() == true).ToList();
        await Task.WhenAll(running.Except(sidecars).Select(container =>
            StopContainerAsync(pod, container, grace, $"Stopping container {container.Name}", observed.Ip, cancellationToken)));
        foreach (var sidecar in sidecars.OrderByDescending(container => pod.Spec.InitContainers.ToList().FindIndex(spec => spec.Name == container.Name)))
        {
            var left = grace - services.Time.GetElapsedTime(start);
            await StopContainerAsync(
                pod, sidecar, left > TimeSpan.Zero ? left : TimeSpan.Zero, $"Stopping container {sidecar.Name}", observed.Ip, cancellationToken);
        }
        foreach (var sandbox in observed.Sandboxes.Where(sandbox => sandbox.State == PodSandboxState.SandboxReady))
        {
            await sandboxes.StopAsync(sandbox, cancellationToken);
        }
    }

    public async Task StopContainerAsync(
        V1Pod pod, ObservedContainer container, TimeSpan grace, string message, string? ip, CancellationToken cancellationToken)
    {
        services.Events.Record(pod, "Normal", "Killing", message, pod.FieldPath(container.Name));
        var start = services.Time.GetTimestamp();
        if (grace > TimeSpan.Zero && pod.FindContainer(container.Name) is { Lifecycle.PreStop: { } hook } spec)
        {
            await RunHookAsync(hook, pod, spec, container.Id, ip, grace, cancellationToken);
            var left = grace - services.Time.GetElapsedTime(start);
            grace = left > LeastGrace ? left : LeastGrace;
        }
        var signalled = services.Time.GetTimestamp();
        await signals.SendAsync(pod.FindContainer(container.Name), container.Id, grace, cancellationToken);
        var rest = grace - services.Time.GetElapsedTime(signalled);
        await services.Starter.StopAsync(container.Id, rest > TimeSpan.Zero ? rest : TimeSpan.Zero, cancellationToken);
    }

    private async Task RunHookAsync(
        V1LifecycleHandler hook, V1Pod pod, V1Container spec, string containerId, string? ip, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(grace);
        string? fault;
        try
        {
            fault = await services.Hooks.RunAsync(hook, pod, spec, containerId, ip, bounded.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or Grpc.Core.RpcException && !cancellationToken.IsCancellationRequested)
        {
            fault = $"it did not end within {Go.Duration(grace)}";
        }
        if (fault is not null)
        {
            services.Events.Record(pod, "Warning", "FailedPreStopHook", $"PreStopHook failed: {fault}", pod.FieldPath(spec.Name));
        }
    }
}
