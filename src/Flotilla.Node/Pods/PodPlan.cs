using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>
/// What one look at a pod asks for next. Pure: the pod as desired and as observed go in, actions come out; the worker
/// acts, looks again and asks again until there is nothing to do but wait.
/// </summary>
/// <param name="StopPod">Everything that runs is stopped, the sandbox too: the pod is done, or its sandbox is lost.</param>
internal sealed record PodPlan(
    bool StopPod, bool CreateSandbox, IReadOnlyList<ContainerKill> Kill, IReadOnlyList<V1Container> Start)
{
    /// <summary>What runs and is to get other resources as it runs.</summary>
    public IReadOnlyList<ContainerResize> Resize { get; init; } = [];

    private static readonly PodPlan Nothing = new(false, false, [], []);

    public bool IsEmpty => !StopPod && !CreateSandbox && Kill.Count == 0 && Start.Count == 0 && Resize.Count == 0;

    public static PodPlan For(V1Pod pod, ObservedPod observed, IContainerVerdicts verdicts)
    {
        if (!observed.IsSandboxReady || (observed.Ip is null && !pod.IsHostNetwork()))
        {
            return WithoutSandbox(pod, observed);
        }
        var kills = new List<ContainerKill>();
        var starts = new List<V1Container>();
        foreach (var added in pod.EphemeralContainers().Where(added => observed.Latest(added.Name) is null))
        {
            AddStart(added, verdicts, starts);
        }
        var init = InitPlan(pod, observed, verdicts, kills, starts);
        if (init == Init.Failed)
        {
            return Stop(observed);
        }
        if (init == Init.Running)
        {
            return new PodPlan(false, false, kills, starts);
        }
        var waiting = false;
        foreach (var container in pod.Spec.Containers)
        {
            waiting |= RegularPlan(pod, container, observed, verdicts, kills, starts);
        }
        // Sidecars alone keep no pod alive.
        return waiting ? new PodPlan(false, false, kills, starts) { Resize = Resizes(pod, observed, verdicts) } : Stop(observed);
    }

    private static List<ContainerResize> Resizes(V1Pod pod, ObservedPod observed, IContainerVerdicts verdicts) =>
    [
        .. pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(container => container.IsSidecar()))
            .Select(container => (Spec: container, Running: observed.InSandbox(container.Name)))
            .Where(pair => pair.Running is { IsRunning: true } && verdicts.ResizeOf(pair.Spec, pair.Running) == ResizeKind.InPlace)
            .Select(pair => new ContainerResize(pair.Running!, pair.Spec)),
    ];

    private static PodPlan Stop(ObservedPod observed) =>
        observed.IsSandboxReady || observed.Running.Any() ? Nothing with { StopPod = true } : Nothing;

    private static PodPlan WithoutSandbox(V1Pod pod, ObservedPod observed)
    {
        var mustRun = pod.Spec.Containers.Any(container =>
            observed.Latest(container.Name) is not { IsExited: true } last || RestartPolicy.Restarts(pod, container, last.Status.ExitCode));
        var initFailed = (pod.Spec.InitContainers ?? []).Any(container =>
            !container.IsSidecar()
            && observed.Latest(container.Name) is { IsExited: true, Status.ExitCode: not 0 }
            && RestartPolicy.Of(pod, container) == RestartPolicy.Never);
        var alreadyRan = pod.Spec.RestartPolicy == RestartPolicy.Never && observed.Containers.Count > 0;
        var stop = observed.Running.Any() || observed.IsSandboxReady;
        return new PodPlan(stop, mustRun && !alreadyRan && !initFailed, [], []);
    }

    private enum Init
    {
        Running,
        Done,
        Failed,
    }

    private static Init InitPlan(
        V1Pod pod, ObservedPod observed, IContainerVerdicts verdicts, List<ContainerKill> kills, List<V1Container> starts)
    {
        var initialized = pod.Spec.Containers.Any(container => observed.InSandbox(container.Name) is not null);
        foreach (var container in pod.Spec.InitContainers ?? [])
        {
            var current = observed.InSandbox(container.Name);
            if (container.IsSidecar())
            {
                var running = current is { IsRunning: true };
                if (running && KillFor(container, current!, verdicts) is { } kill)
                {
                    kills.Add(kill);
                }
                else if (!running)
                {
                    AddStart(container, verdicts, starts);
                }
                if (!initialized && !(running && verdicts.IsStarted(container, current!)))
                {
                    return Init.Running;
                }
            }
            else if (!initialized && current is not { IsExited: true, Status.ExitCode: 0 })
            {
                if (current is { IsExited: true } && RestartPolicy.Of(pod, container) == RestartPolicy.Never)
                {
                    return Init.Failed;
                }
                if (current is not { IsRunning: true })
                {
                    AddStart(container, verdicts, starts);
                }
                return Init.Running;
            }
        }
        return Init.Done;
    }

    /// <returns>Whether the pod waits for the container: it runs, or is to run (again).</returns>
    private static bool RegularPlan(
        V1Pod pod, V1Container container, ObservedPod observed, IContainerVerdicts verdicts, List<ContainerKill> kills, List<V1Container> starts)
    {
        var latest = observed.Latest(container.Name);
        if (latest is { IsRunning: true })
        {
            if (KillFor(container, latest, verdicts) is { } kill)
            {
                kills.Add(kill);
                if (!kill.IsProbe)
                {
                    // It is to become another one: that starts at once, whatever the restart policy.
                    AddStart(container, verdicts, starts);
                }
            }
            return true;
        }
        if (latest is { IsExited: true } && !RestartPolicy.Restarts(pod, container, latest.Status.ExitCode))
        {
            return false;
        }
        AddStart(container, verdicts, starts);
        return true;
    }

    private static void AddStart(V1Container container, IContainerVerdicts verdicts, List<V1Container> starts)
    {
        if (!verdicts.IsHeld(container))
        {
            starts.Add(container);
        }
    }

    private static ContainerKill? KillFor(V1Container container, ObservedContainer current, IContainerVerdicts verdicts)
    {
        if (current.Status.Annotations.TryGetValue(RuntimeLabels.Hash, out var hash) && hash != ContainerHash.Of(container))
        {
            return new ContainerKill(current, $"Container {container.Name} definition changed, will be restarted");
        }
        if (verdicts.ResizeOf(container, current) == ResizeKind.Restart)
        {
            return new ContainerKill(current, $"Container {container.Name} resize requires restart");
        }
        return verdicts.Unhealthy(current) is { } reason ? new ContainerKill(current, reason, IsProbe: true) : null;
    }
}

/// <param name="Message">For the event.</param>
internal sealed record ContainerKill(ObservedContainer Container, string Message, bool IsProbe = false);

internal sealed record ContainerResize(ObservedContainer Container, V1Container Spec);

/// <summary>What is known of containers beyond the runtime: probes and back-offs.</summary>
internal interface IContainerVerdicts
{
    /// <summary>Whether its startup probe, if any, has passed.</summary>
    bool IsStarted(V1Container container, ObservedContainer current);

    /// <summary>Why it must be killed; null: it need not.</summary>
    string? Unhealthy(ObservedContainer current);

    /// <summary>Whether it may not be started yet.</summary>
    bool IsHeld(V1Container container);

    /// <summary>Whether it has other resources than it is to have, and how that changes.</summary>
    ResizeKind ResizeOf(V1Container container, ObservedContainer current) => ResizeKind.None;
}
