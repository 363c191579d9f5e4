using k8s.Models;

namespace Flotilla.Controllers.Pods;

/// <summary>What controllers ask about a pod.</summary>
internal static class PodState
{
    public static bool IsTerminal(this V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    public static bool IsActive(this V1Pod pod) => !pod.IsTerminal() && !pod.IsDeleting();

    public static bool IsTerminating(this V1Pod pod) => !pod.IsTerminal() && pod.IsDeleting();

    public static V1PodCondition? Condition(this V1Pod pod, string type) =>
        pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == type);

    public static bool IsReady(this V1Pod pod) => pod.Condition("Ready")?.Status == "True";

    public static DateTime? ReadySince(this V1Pod pod) =>
        pod.Condition("Ready") is { Status: "True" } ready ? ready.LastTransitionTime : null;

    /// <summary>Ready for at least so long.</summary>
    public static bool IsAvailable(this V1Pod pod, int minReadySeconds, DateTime now) =>
        pod.IsReady() && (minReadySeconds == 0 || pod.ReadySince()?.AddSeconds(minReadySeconds) <= now);

    public static int Restarts(this V1Pod pod) =>
        (pod.Status?.ContainerStatuses?.Sum(container => container.RestartCount) ?? 0)
        + (pod.Status?.InitContainerStatuses?.Sum(container => container.RestartCount) ?? 0);
}
