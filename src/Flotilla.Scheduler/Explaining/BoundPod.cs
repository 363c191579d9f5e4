using Flotilla.Client.Explanations;
using k8s.Models;

namespace Flotilla.Scheduler.Explaining;

/// <summary>What keeps a pod that has a node from running, by its status and its last warnings. Pure.</summary>
public static class BoundPod
{
    private const int ShownEvents = 5;

    public static PodExplanation Explain(V1Pod pod, IReadOnlyList<Corev1Event> events)
    {
        var status = pod.Status;
        var causes = Containers("init container", status?.InitContainerStatuses)
            .Concat(Containers("container", status?.ContainerStatuses))
            .Concat(Resize(status))
            .Concat(Warnings(events))
            .Distinct()
            .ToList();
        return new PodExplanation(
            pod.Metadata.NamespaceProperty, pod.Metadata.Name, status?.Phase ?? "Pending", pod.Spec.NodeName, Summary(pod, causes), [], causes);
    }

    private static string Summary(V1Pod pod, List<CauseExplanation> causes)
    {
        var where = string.IsNullOrEmpty(pod.Spec.NodeName) ? "" : $" on {pod.Spec.NodeName}";
        var isReady = pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;
        return pod.Status?.Phase switch
        {
            _ when pod.Metadata.DeletionTimestamp is not null => $"It is being deleted{where}.",
            "Succeeded" => $"It has finished{where}.",
            "Failed" => $"It has failed{where}: {pod.Status.Reason ?? causes.FirstOrDefault()?.Reason ?? "its containers ended with an error"}{(pod.Status.Message is { Length: > 0 } message ? $" ({message})" : "")}.",
            "Running" when isReady => $"It runs{where} and is ready.",
            "Running" => causes.Count > 0 ? $"It runs{where} but is not ready: {causes[0].What}: {causes[0].Reason}." : $"It runs{where} and is not ready yet.",
            _ => causes.Count > 0 ? $"It is bound{where} but does not run: {causes[0].What}: {causes[0].Reason}." : $"It is bound{where} and is being started.",
        };
    }

    private static IEnumerable<CauseExplanation> Containers(string what, IList<V1ContainerStatus>? statuses)
    {
        foreach (var status in statuses ?? [])
        {
            var name = $"{what} {status.Name}";
            if (status.State?.Waiting is { Reason: { } reason } waiting && reason is not ("ContainerCreating" or "PodInitializing"))
            {
                yield return new CauseExplanation(name, reason, waiting.Message ?? "");
            }

            if (status.State?.Terminated is { ExitCode: not 0 } ended)
            {
                yield return Ended(name, ended);
            }

            if (status.LastState?.Terminated is { ExitCode: not 0 } last)
            {
                yield return Ended(name, last);
            }

            if (status is { State.Running: not null, Ready: false })
            {
                yield return new CauseExplanation(name, status.Started == false ? "not started" : "not ready", status.Started == false
                    ? "its startup probe has not succeeded yet"
                    : "its readiness probe does not succeed");
            }
        }
    }

    private static CauseExplanation Ended(string name, V1ContainerStateTerminated ended) =>
        new(name, ended.Reason ?? "Error", $"ended with exit code {ended.ExitCode}{(ended.Message is { Length: > 0 } message ? $": {message.Trim()}" : "")}");

    private static IEnumerable<CauseExplanation> Resize(V1PodStatus? status) =>
        (status?.Conditions ?? [])
            .Where(condition => condition is { Type: "PodResizePending", Status: "True" })
            .Select(condition => new CauseExplanation("resize", condition.Reason ?? "pending", condition.Message ?? ""));

    private static IEnumerable<CauseExplanation> Warnings(IReadOnlyList<Corev1Event> events) =>
        events
            .Where(one => one.Type == "Warning" && one.Reason != "FailedScheduling")
            .OrderByDescending(one => one.LastTimestamp ?? one.EventTime ?? DateTime.MinValue)
            .DistinctBy(one => (one.Reason, one.InvolvedObject?.FieldPath))
            .Take(ShownEvents)
            .Select(one => new CauseExplanation(About(one), one.Reason, one.Message ?? ""));

    private static string About(Corev1Event one) => one.Reason switch
    {
        "FailedMount" or "FailedAttachVolume" or "FailedMapVolume" => "volume",
        "Unhealthy" => "probe",
        "Failed" or "ErrImageNeverPull" or "InspectFailed" or "BackOff" => one.InvolvedObject?.FieldPath is { Length: > 0 } path ? $"event of {path}" : "event",
        "FailedCreatePodSandBox" => "network",
        _ => "event",
    };
}
