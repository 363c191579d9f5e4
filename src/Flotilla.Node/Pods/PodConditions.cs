using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>The conditions a node sets on its pods. Others' conditions are kept as they are. Pure.</summary>
internal static class PodConditions
{
    private static readonly string[] Own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", "PodResizePending", "PodResizeInProgress"];

    /// <summary>Whether the node alone says if there is such a condition.</summary>
    public static bool IsOwn(string type) => Own.Contains(type, StringComparer.Ordinal);

    public static List<V1PodCondition> For(StatusInput input, string phase, List<V1ContainerStatus> init, List<V1ContainerStatus> regular)
    {
        var ready = ContainersReady(phase, input.Pod, init, regular);
        var hasNetwork = input.Observed.IsSandboxReady && !input.Stopped && (input.Observed.Ip is not null || input.Pod.IsHostNetwork());
        List<V1PodCondition> conditions =
        [
            New("PodReadyToStartContainers", hasNetwork),
            Initialized(phase, input.Pod, init),
            Ready(input, ready),
            ready,
            New("PodScheduled", true),
        ];
        if (input.ResizePending is { } pending)
        {
            conditions.Add(New("PodResizePending", true, pending.Reason, pending.Message));
        }
        if (input.Failure is { Reason: PodFailures.Evicted or PodFailures.Preempting or PodFailures.Terminated } disruption)
        {
            conditions.Add(New("DisruptionTarget", true, "TerminationByKubelet", disruption.Reason != PodFailures.Preempting ? disruption.Message : "Pod was preempted by Kubelet to accommodate a critical pod."));
        }
        if (input.Resizing is { } fault)
        {
            conditions.Add(fault.Length == 0 ? New("PodResizeInProgress", true) : New("PodResizeInProgress", true, "Error", fault));
        }
        var old = input.Previous.Conditions ?? [];
        for (var i = 0; i < conditions.Count; i++)
        {
            var condition = conditions[i];
            var known = old.FirstOrDefault(other => other.Type == condition.Type);
            conditions[i] = condition with
            {
                ObservedGeneration = input.Pod.Metadata.Generation,
                LastTransitionTime = known?.Status == condition.Status ? known.LastTransitionTime ?? input.Now : input.Now,
            };
        }
        return [.. conditions, .. old.Where(condition => !conditions.Exists(own => own.Type == condition.Type) && !Own.Contains(condition.Type, StringComparer.Ordinal))];
    }

    public static bool IsInitialized(V1Container container, V1ContainerStatus status) =>
        container.IsSidecar() ? status.Started == true : status.State.Terminated is { ExitCode: 0 };

    private static V1PodCondition Initialized(string phase, V1Pod pod, List<V1ContainerStatus> init)
    {
        if (phase == "Succeeded")
        {
            return New("Initialized", true, "PodCompleted");
        }
        // Once its containers run a pod stays initialized, also while a sidecar restarts.
        var incomplete = (pod.Spec.InitContainers ?? []).Zip(init)
            .Where(pair => pair.First.IsSidecar() ? pair.Second.Started != true && pair.Second.RestartCount == 0 && pair.Second.State.Terminated is null : !IsInitialized(pair.First, pair.Second))
            .Select(pair => pair.First.Name)
            .ToList();
        return incomplete.Count == 0
            ? New("Initialized", true)
            : New("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', incomplete)}]");
    }

    private static V1PodCondition ContainersReady(string phase, V1Pod pod, List<V1ContainerStatus> init, List<V1ContainerStatus> regular)
    {
        if (phase is "Succeeded" or "Failed")
        {
            return New("ContainersReady", false, phase == "Succeeded" ? "PodCompleted" : "PodFailed");
        }
        var sidecars = (pod.Spec.InitContainers ?? []).Zip(init).Where(pair => pair.First.IsSidecar()).Select(pair => pair.Second);
        var unready = sidecars.Concat(regular).Where(status => !status.Ready).Select(status => status.Name).ToList();
        return unready.Count == 0
            ? New("ContainersReady", true)
            : New("ContainersReady", false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]");
    }

    private static V1PodCondition Ready(StatusInput input, V1PodCondition containers)
    {
        if (containers.Status != "True")
        {
            return containers with { Type = "Ready" };
        }
        var faults = new List<string>();
        foreach (var gate in input.Pod.Spec.ReadinessGates ?? [])
        {
            var condition = (input.Pod.Status?.Conditions ?? []).FirstOrDefault(condition => condition.Type == gate.ConditionType);
            if (condition is null)
            {
                faults.Add($"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.");
            }
            else if (condition.Status != "True")
            {
                faults.Add($"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}");
            }
        }
        return faults.Count == 0 ? New("Ready", true) : New("Ready", false, "ReadinessGatesNotReady", string.Join(", ", faults));
    }

    private static V1PodCondition New(string type, bool status, string? reason = null, string? message = null) =>
        new() { Type = type, Status = status ? "True" : "False", Reason = reason, Message = message };
}
