using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Starts the containers of one pod, and knows which of them may not be started yet.</summary>
internal sealed class ContainerStarts(PodServices services, PodSandboxes sandboxes)
{
    private static readonly TimeSpan RetryContainer = TimeSpan.FromSeconds(10);
    private readonly PullHistory pulls = new();

    public ContainerHolds Holds { get; } = new(services.Time);

    /// <param name="status">As it was last known: it counts containers that the runtime has forgotten.</param>
    public async Task StartAsync(
        V1Pod desired, V1PodStatus status, ObservedPod observed, IReadOnlyList<V1Container> containers, PodVolumes mounted, CancellationToken cancellationToken)
    {
        if (!desired.IsHostNetwork() && observed.Ips.Count > 0)
        {
            await services.AddressReady(desired, observed.Ips, cancellationToken);
        }

        // A hook may rely on the containers before its own; others need not wait for each other.
        if (containers.Any(container => container.Lifecycle?.PostStart is not null))
        {
            foreach (var container in containers)
            {
                await StartAsync(desired, status, observed, container, mounted, cancellationToken);
            }
        }
        else
        {
            await Task.WhenAll(containers.Select(container => StartAsync(desired, status, observed, container, mounted, cancellationToken)));
        }
    }

    /// <summary>Exits that call for a restart start a back-off.</summary>
    public void Account(V1Pod desired, ObservedPod observed)
    {
        foreach (var container in desired.Spec.Containers.Concat(desired.Spec.InitContainers ?? []))
        {
            if (observed.InSandbox(container.Name) is { IsExited: true } exited
                && RestartPolicy.Restarts(desired, container, exited.Status.ExitCode)
                && Holds.AfterExit(desired, exited) is not null)
            {
                services.Events.Record(
                    desired,
                    "Warning",
                    "BackOff",
                    $"Back-off restarting failed container {container.Name} in pod {desired.Metadata.Name}_{desired.Metadata.NamespaceProperty}({desired.Metadata.Uid})",
                    desired.FieldPath(container.Name));
            }
        }
    }

    private async Task StartAsync(V1Pod desired, V1PodStatus status, ObservedPod observed, V1Container container, PodVolumes mounted, CancellationToken cancellationToken)
    {
        var sandbox = observed.Sandbox!;
        var attempt = observed.Latest(container.Name) is { } last ? last.Attempt + 1 : NextAttempt(status, container.Name);
        var request = new StartRequest(
            desired, container, attempt, sandbox.Id, sandboxes.Configure(desired, sandbox.Metadata.Attempt), observed.Ips.Count > 0 ? observed.Ips : services.HostIps, mounted);
        try
        {
            request = request with { TargetId = TargetOf(desired, observed, container.Name), RuntimeHandler = sandbox.RuntimeHandler };
            await services.Starter.StartAsync(request, pulls, cancellationToken);
            Holds.Clear(container.Name);
        }
        catch (ContainerException fault)
        {
            if (!fault.IsReported)
            {
                services.Events.Record(desired, "Warning", "Failed", $"Error: {fault.EventMessage}", desired.FieldPath(container.Name));
            }
            // The sandbox has no part in a failed pull, which alone names its own wait.
            Holds.Set(
                container.Name, fault.RetryAfter ?? RetryContainer, fault.Reason, fault.Message, fault.RetryAfter is null ? sandbox.Id : null);
        }
    }

    private static string? TargetOf(V1Pod desired, ObservedPod observed, string ephemeral)
    {
        if (desired.TargetOf(ephemeral) is not { } target)
        {
            return null;
        }
        return observed.Latest(target) switch
        {
            { IsRunning: true } running => running.Id,
            null => throw new ContainerException("CreateContainerConfigError", $"unable to find target container {target}"),
            _ => throw new ContainerException("CreateContainerConfigError", $"target container {target} is not running"),
        };
    }

    // A runtime set up anew does not know what ran before; the status does, and counts the lost one.
    private static uint NextAttempt(V1PodStatus status, string container) => (uint)((status.ContainerStatuses ?? []).Concat(status.InitContainerStatuses ?? [])
        .FirstOrDefault(other => other.Name == container)?.RestartCount ?? 0);
}
