using System.Globalization;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Scheduling;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>A task's state as its Pod shows it, in Swarm's words. Pure.</summary>
/// <param name="Error">null: all is well.</param>
internal sealed record TaskReport(TaskState State, string Message, DateTime At, string? Error = null)
{
    private static readonly string[] ImageProblems = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];
    private static readonly string[] StartProblems = ["CreateContainerError", "CreateContainerConfigError", "RunContainerError"];

    public static TaskReport Of(V1Pod pod)
    {
        var status = pod.Status;
        var container = status?.ContainerStatuses?.FirstOrDefault();
        if (Rejection(pod) is { } rejection)
        {
            return new TaskReport(TaskState.Rejected, "preparing", container?.State?.Terminated?.FinishedAt ?? ConditionAt(pod, "PodScheduled"), rejection);
        }

        if (status?.Phase is "Succeeded" or "Failed")
        {
            return Over(pod, container?.State?.Terminated ?? container?.LastState?.Terminated);
        }

        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return pod.Spec.SchedulingGates is { Count: > 0 } gates
                ? gates[0].Name == SwarmApi.WaitsFor ? new TaskReport(TaskState.Pending, "pending task scheduling", CreatedAt(pod), pod.GetAnnotation(SwarmApi.WaitsFor)) : new TaskReport(TaskState.Ready, "preparing", CreatedAt(pod))
                : Pending(pod);
        }

        return container?.State?.Running is { } running ? Started(pod, container, running) : new TaskReport(TaskState.Preparing, "preparing", ConditionAt(pod, "PodScheduled"));
    }

    /// <summary>Why the task can never start as it is; null: it may.</summary>
    public static string? Hopeless(V1Pod pod)
    {
        var waiting = pod.Status?.ContainerStatuses?.FirstOrDefault()?.State?.Waiting;
        if (waiting?.Reason is not { } reason)
        {
            return null;
        }

        return ImageProblems.Contains(reason, StringComparer.Ordinal) ? $"No such image: {pod.Spec.Containers[0].Image}"
            : StartProblems.Contains(reason, StringComparer.Ordinal) ? waiting.Message ?? reason
            : null;
    }

    /// <summary>When the task was made, as precisely as is known.</summary>
    public static DateTime CreatedAt(V1Pod pod) =>
        pod.Metadata.Annotations?.TryGetValue(SwarmApi.CreatedAt, out var text) == true
        && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at)
            ? at
            : pod.Metadata.CreationTimestamp ?? default;

    private static string? Rejection(V1Pod pod) => pod.Metadata.Annotations?.TryGetValue(SwarmApi.Rejected, out var why) == true ? why : null;

    private static TaskReport Over(V1Pod pod, V1ContainerStateTerminated? ended)
    {
        var at = ended?.FinishedAt ?? ConditionAt(pod, "Ready");
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            return new TaskReport(TaskState.Shutdown, "shutdown", at);
        }

        if (NeverGotHealthy(pod, ended))
        {
            return new TaskReport(TaskState.Failed, "starting", at, "dockerexec: unhealthy container");
        }

        if (pod.Status.Phase == "Succeeded")
        {
            return new TaskReport(TaskState.Complete, "finished", at);
        }

        var error = ended is { ExitCode: not 0 } ? string.Create(CultureInfo.InvariantCulture, $"task: non-zero exit ({ended.ExitCode})") : pod.Status.Message ?? pod.Status.Reason;
        return WasUnhealthy(pod, ended)
            ? new TaskReport(TaskState.Failed, "started", at, string.Create(CultureInfo.InvariantCulture, $"task: non-zero exit ({ended!.ExitCode}): dockerexec: unhealthy container"))
            : new TaskReport(TaskState.Failed, "started", at, error);
    }

    // It was never ready, and ran until its first checks were due: whatever it said at its end, they were its end.
    private static bool NeverGotHealthy(V1Pod pod, V1ContainerStateTerminated? ended) =>
        pod.Spec.Containers[0].StartupProbe is { } probe && ended is { StartedAt: { } started, FinishedAt: { } finished }
        && ConditionAt(pod, "Ready") <= started.AddSeconds(1)
        && finished - started >= TimeSpan.FromSeconds((probe.InitialDelaySeconds ?? 0) + ((probe.PeriodSeconds ?? 1) * ((probe.FailureThreshold ?? 1) - 1)));

    // The node stops who fails its check.
    private static bool WasUnhealthy(V1Pod pod, V1ContainerStateTerminated? ended) => ended?.ExitCode is 137 or 143 && pod.Spec.Containers[0].LivenessProbe is not null;

    private static TaskReport Pending(V1Pod pod)
    {
        var scheduled = Condition(pod, "PodScheduled");
        return new TaskReport(
            TaskState.Pending, "pending task scheduling", CreatedAt(pod), scheduled is { Status: "False", Message: { } why } ? NoSuitableNode.From(why) : null);
    }

    private static TaskReport Started(V1Pod pod, V1ContainerStatus container, V1ContainerStateRunning running)
    {
        var at = running.StartedAt ?? CreatedAt(pod);
        return pod.Spec.Containers[0].StartupProbe is not null && container.Started != true
            ? new TaskReport(TaskState.Starting, "starting", at)
            : new TaskReport(TaskState.Running, "started", Condition(pod, "Ready") is { Status: "True", LastTransitionTime: { } ready } && ready > at ? ready : at);
    }

    private static V1PodCondition? Condition(V1Pod pod, string type) => pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == type);

    private static DateTime ConditionAt(V1Pod pod, string type) => Condition(pod, type)?.LastTransitionTime ?? CreatedAt(pod);
}
