using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>What the rules of a job say about a pod that failed.</summary>
/// <param name="Action">Of the first rule that matches; null: none does, so the failure counts.</param>
/// <param name="Message">Why the job fails, if it does.</param>
internal readonly record struct FailureVerdict(string? Action, string? Message)
{
    public bool Counts => Action != "Ignore";

    public bool FailsIndex => Action == "FailIndex";
}

internal static class FailurePolicy
{
    public static FailureVerdict Judge(V1PodFailurePolicy? policy, V1Pod pod)
    {
        foreach (var (index, rule) in (policy?.Rules ?? []).Index())
        {
            if (Match(rule, pod) is { } what)
            {
                var message = rule.Action == "FailJob" ? $"{what} matching {rule.Action} rule at index {index}" : null;
                return new FailureVerdict(rule.Action, message);
            }
        }

        return default;
    }

    private static string? Match(V1PodFailurePolicyRule rule, V1Pod pod)
    {
        var name = $"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}";
        if (rule.OnExitCodes is { } codes)
        {
            return Ended(pod, codes) is { } container
                ? $"Container {container.Name} for pod {name} failed with exit code {container.State.Terminated.ExitCode}"
                : null;
        }

        var condition = (pod.Status?.Conditions ?? []).FirstOrDefault(condition =>
            (rule.OnPodConditions ?? []).Any(pattern => pattern.Type == condition.Type && (pattern.Status ?? "True") == condition.Status));
        return condition is null ? null : $"Pod {name} has condition {condition.Type}";
    }

    /// <summary>A container that ended with a code of failure that the rule is about.</summary>
    private static V1ContainerStatus? Ended(V1Pod pod, V1PodFailurePolicyOnExitCodesRequirement codes) =>
        (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []).FirstOrDefault(container =>
            container.State?.Terminated is { ExitCode: not 0 } ended
            && (codes.ContainerName is null || codes.ContainerName == container.Name)
            && codes.Values.Contains(ended.ExitCode) == (codes.OperatorProperty == "In"));
}
