using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>One container's part of its pod's status. Pure.</summary>
internal static class ContainerStatusBuilder
{
    private static readonly V1ContainerStateTerminated Unknown = new()
    {
        Reason = "ContainerStatusUnknown",
        Message = "The container could not be located when the pod was deleted.  The container used to be Running",
        ExitCode = 137,
    };

    public static V1ContainerStatus For(StatusInput input, V1Container container)
    {
        var all = input.Observed.Named(container.Name).Take(2).ToList();
        var latest = all.FirstOrDefault();
        var final = latest is { IsExited: true } && !RestartPolicy.Restarts(input.Pod, container, latest.Status.ExitCode);
        var waiting = final || latest is { IsRunning: true } ? null : input.Waiting(container.Name);
        var known = Known(input, container.Name);
        if (latest is null)
        {
            return Missing(input, container, waiting, known);
        }
        var previous = all.Skip(1).FirstOrDefault(candidate => candidate.IsExited);
        var state = State(input, latest, waiting);
        var last = latest.IsExited && state.Waiting is not null ? Terminated(latest)
            : previous is not null ? Terminated(previous)
            : known?.LastState?.Terminated;
        var isInit = input.Pod.IsInit(container.Name) && !container.IsSidecar();
        var has = latest.IsRunning && input.InForce is { } inForce ? inForce(container, latest) : container.Resources;
        var started = latest.IsRunning && (isInit || input.IsStarted(container, latest));
        return new V1ContainerStatus
        {
            Name = container.Name,
            Image = ImageOf(latest, container),
            ImageID = latest.Status.ImageRef,
            ContainerID = "containerd://" + latest.Id,
            RestartCount = (int)latest.Attempt,
            State = state,
            LastState = last is null ? new V1ContainerState() : new V1ContainerState { Terminated = last },
            Started = started,
            Ready = isInit ? state.Terminated is { ExitCode: 0 } : started && input.IsReady(container, latest),
            Resources = new V1ResourceRequirements { Limits = has?.Limits, Requests = has?.Requests, Claims = container.Resources?.Claims },
            AllocatedResources = container.Resources?.Requests,
            AllocatedResourcesStatus = input.Devices?.Invoke(container),
            VolumeMounts = Mounts(container, latest),
            StopSignal = container.Lifecycle?.StopSignal,
            User = UserOf(latest),
        };
    }

    // Told by runtimes that know policies for supplemental groups.
    private static V1ContainerUser? UserOf(ObservedContainer container) => container.Status.User?.Linux is not { } user ? null : new V1ContainerUser
    {
        Linux = new V1LinuxContainerUser { Uid = user.Uid, Gid = user.Gid, SupplementalGroups = [.. user.SupplementalGroups] },
    };

    /// <summary>Nobody waits for one of these: it counts neither as started nor as ready.</summary>
    public static V1ContainerStatus ForEphemeral(StatusInput input, V1Container container) =>
        For(input, container) with { Ready = false, Started = null, AllocatedResources = null };

    private static V1ContainerStatus? Known(StatusInput input, string name) =>
        (input.Previous.ContainerStatuses ?? []).Concat(input.Previous.InitContainerStatuses ?? []).Concat(input.Previous.EphemeralContainerStatuses ?? [])
            .FirstOrDefault(status => status.Name == name);

    private static V1ContainerStatus Missing(StatusInput input, V1Container container, V1ContainerStateWaiting? waiting, V1ContainerStatus? known)
    {
        // What had ended stays told when the runtime has forgotten it (a machine set up anew under the same name).
        if (known?.State?.Terminated is not null && (input.Stopped || input.Previous.Phase is "Succeeded" or "Failed"))
        {
            return known;
        }
        var usual = input.Pod.Spec.InitContainers is { Count: > 0 } ? "PodInitializing" : "ContainerCreating";
        var last = known?.State?.Terminated ?? known?.LastState?.Terminated ?? (known?.State?.Running is null ? null : Unknown);
        // The one that ran is lost; the next is another one.
        var isLost = known?.ContainerID is { Length: > 0 } && !input.Pod.IsDeleting();
        return new V1ContainerStatus
        {
            Name = container.Name,
            Image = container.Image,
            ImageID = "",
            RestartCount = (known?.RestartCount ?? 0) + (isLost ? 1 : 0),
            State = new V1ContainerState { Waiting = waiting ?? new V1ContainerStateWaiting { Reason = usual } },
            LastState = last is null ? new V1ContainerState() : new V1ContainerState { Terminated = last },
            Started = false,
            Ready = false,
            VolumeMounts = Mounts(container, null),
        };
    }

    private static V1ContainerState State(StatusInput input, ObservedContainer latest, V1ContainerStateWaiting? waiting) => latest switch
    {
        { IsRunning: true } => new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = Time(latest.Status.StartedAt) } },
        _ when waiting is not null && !input.Stopped => new V1ContainerState { Waiting = waiting },
        { IsExited: true } => new V1ContainerState { Terminated = Terminated(latest) },
        _ => new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = "ContainerCreating" } },
    };

    private static V1ContainerStateTerminated Terminated(ObservedContainer container)
    {
        var status = container.Status;
        var message = status.Message.Length > 0 ? status.Message : container.TerminationMessage;
        return new V1ContainerStateTerminated
        {
            ContainerID = "containerd://" + container.Id,
            ExitCode = status.ExitCode,
            Reason = status.Reason.Length > 0 ? status.Reason : status.ExitCode == 0 ? "Completed" : "Error",
            Message = message,
            StartedAt = Time(status.StartedAt),
            FinishedAt = Time(status.FinishedAt),
        };
    }

    private static DateTime Time(long nanoseconds)
    {
        var ticks = nanoseconds / 100;
        return DateTime.UnixEpoch.AddTicks(ticks - (ticks % TimeSpan.TicksPerSecond));
    }

    private static string ImageOf(ObservedContainer container, V1Container spec) =>
        container.Status.Image?.Image is { Length: > 0 } image && !image.StartsWith("sha256:", StringComparison.Ordinal) ? image : spec.Image;

    /// <param name="running">As the runtime has it; null: it has it no more, or not yet.</param>
    private static List<V1VolumeMountStatus>? Mounts(V1Container container, ObservedContainer? running) =>
        container.VolumeMounts is { Count: > 0 } mounts
            ? [.. mounts.Select(mount => new V1VolumeMountStatus
            {
                Name = mount.Name,
                MountPath = mount.MountPath,
                ReadOnlyProperty = mount.ReadOnlyProperty,
                RecursiveReadOnly = mount.ReadOnlyProperty != true ? null
                    : running?.Status.Mounts.Any(made => made.ContainerPath == mount.MountPath && made.RecursiveReadOnly) == true ? "Enabled"
                    : "Disabled",
            })]
            : null;
}
