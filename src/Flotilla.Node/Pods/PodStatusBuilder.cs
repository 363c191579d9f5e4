using Flotilla.Node.Admission;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What a status is made of besides the pod itself.</summary>
/// <param name="Waiting">Why a container that does not run waits; null: nothing in particular.</param>
/// <param name="InForce">The resources a running container has.</param>
/// <param name="ResizePending">Why it cannot have those it asks for.</param>
/// <param name="Resizing">Given resources are not in force yet: empty, or why not; null: they are.</param>
/// <param name="Devices">How those are that a container was given.</param>
/// <param name="Stopped">Nothing of the pod runs any more or will: a phase may be final.</param>
internal sealed record StatusInput(
    V1Pod Pod,
    V1PodStatus Previous,
    ObservedPod Observed,
    Func<V1Container, ObservedContainer, bool> IsStarted,
    Func<V1Container, ObservedContainer, bool> IsReady,
    Func<string, V1ContainerStateWaiting?> Waiting,
    IReadOnlyList<string> HostIps,
    (string Reason, string Message)? Failure,
    bool Stopped,
    DateTime Now,
    Func<V1Container, ObservedContainer, V1ResourceRequirements?>? InForce = null,
    (string Reason, string Message)? ResizePending = null,
    string? Resizing = null,
    Func<V1Container, IList<V1ResourceStatus>?>? Devices = null);

/// <summary>A pod's status as users see it. Pure.</summary>
internal static class PodStatusBuilder
{
    private const string Pending = "Pending";
    private const string Running = "Running";
    private const string Succeeded = "Succeeded";
    private const string Failed = "Failed";

    public static V1PodStatus For(StatusInput input)
    {
        var (pod, previous, observed) = (input.Pod, input.Previous, input.Observed);
        var init = (pod.Spec.InitContainers ?? []).Select(container => ContainerStatusBuilder.For(input, container)).ToList();
        var regular = pod.Spec.Containers.Select(container => ContainerStatusBuilder.For(input, container)).ToList();
        var added = pod.EphemeralContainers().Select(container => ContainerStatusBuilder.ForEphemeral(input, container)).ToList();
        var phase = Phase(input, init, regular);
        var ips = Addresses(input);
        return previous with
        {
            Phase = phase,
            Reason = input.Failure?.Reason ?? previous.Reason,
            Message = input.Failure?.Message ?? previous.Message,
            HostIP = input.HostIps[0],
            HostIPs = [.. input.HostIps.Select(ip => new V1HostIP { Ip = ip })],
            PodIP = ips.Count > 0 ? ips[0] : null,
            PodIPs = ips.Count > 0 ? [.. ips.Select(ip => new V1PodIP { Ip = ip })] : null,
            StartTime = previous.StartTime ?? input.Now,
            QosClass = QualityOfService.Of(pod),
            ObservedGeneration = pod.Metadata.Generation,
            InitContainerStatuses = init.Count > 0 ? init : null,
            ContainerStatuses = regular,
            EphemeralContainerStatuses = added.Count > 0 ? added : null,
            Conditions = PodConditions.For(input, phase, init, regular),
        };
    }

    /// <summary>A pod that was never let in has nothing but a reason.</summary>
    public static V1PodStatus Rejected(V1Pod pod, V1PodStatus previous, Rejection rejection, DateTime now) => new()
    {
        Phase = Failed,
        Reason = rejection.Reason,
        Message = "Pod was rejected: " + rejection.Message,
        StartTime = previous.StartTime ?? now,
        QosClass = QualityOfService.Of(pod),
        ObservedGeneration = pod.Metadata.Generation,
        Conditions = previous.Conditions,
    };

    private static IReadOnlyList<string> Addresses(StatusInput input)
    {
        var now = !input.Pod.IsHostNetwork() ? input.Observed.Ips : input.Observed.Sandbox is null ? [] : input.HostIps;
        return now.Count > 0 ? now
            : input.Previous.PodIPs is { Count: > 0 } known ? [.. known.Select(one => one.Ip)]
            : input.Previous.PodIP is { } only ? [only] : [];
    }

    private static string Phase(StatusInput input, List<V1ContainerStatus> init, List<V1ContainerStatus> regular)
    {
        var final = Final(input, init, regular);
        return final is null ? Ongoing(input.Pod, init, regular)
            : input.Stopped || !input.Observed.Running.Any() ? final
            : input.Previous.Phase is Succeeded or Failed ? input.Previous.Phase
            : Ongoing(input.Pod, init, regular) is Pending ? Pending : Running;
    }

    // A final phase, by what has exited; null while something is still to run.
    private static string? Final(StatusInput input, List<V1ContainerStatus> init, List<V1ContainerStatus> regular)
    {
        var pod = input.Pod;
        if (input.Previous.Phase is Succeeded or Failed)
        {
            return input.Previous.Phase;
        }
        if (input.Failure is not null)
        {
            return Failed;
        }
        if (pod.IsDeleting() && input.Stopped)
        {
            return regular.TrueForAll(status => Exit(status) == 0) ? Succeeded : Failed;
        }
        var initFailed = (pod.Spec.InitContainers ?? []).Zip(init).Any(pair =>
            !pair.First.IsSidecar() && pair.Second.State.Terminated is { ExitCode: not 0 } && RestartPolicy.Of(pod, pair.First) == RestartPolicy.Never);
        if (initFailed)
        {
            return Failed;
        }
        var done = pod.Spec.Containers.Zip(regular).All(pair =>
            Exit(pair.Second) is { } code && pair.Second.State.Running is null && !RestartPolicy.Restarts(pod, pair.First, code));
        return !done ? null : regular.TrueForAll(status => Exit(status) == 0) ? Succeeded : Failed;
    }

    private static string Ongoing(V1Pod pod, List<V1ContainerStatus> init, List<V1ContainerStatus> regular)
    {
        var initializing = (pod.Spec.InitContainers ?? []).Zip(init).Any(pair => !PodConditions.IsInitialized(pair.First, pair.Second));
        var never = regular.Exists(status => status.State.Running is null && Exit(status) is null);
        return (initializing && regular.TrueForAll(status => status.State.Running is null && Exit(status) is null)) || never ? Pending : Running;
    }

    private static int? Exit(V1ContainerStatus status) => (status.State.Terminated ?? status.LastState?.Terminated)?.ExitCode;
}
