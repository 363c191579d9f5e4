using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Streaming.Logs;

/// <summary>Which attempt of a container a client's log request means, or why there is none.</summary>
internal static class LogSource
{
    public static Container Choose(V1Pod pod, string name, IReadOnlyList<Container> attempts, bool previous)
    {
        // A container that was created but never started has written nothing.
        var started = attempts.Where(attempt => attempt.State != ContainerState.ContainerCreated).ToList();
        if (previous)
        {
            return started.Where(attempt => attempt.State == ContainerState.ContainerExited).FirstOrDefault(attempt => attempt != Current(pod, name, started))
                ?? throw Runtime.ContainerFinder.Failure(400, "BadRequest", $"previous terminated container \"{name}\" in pod \"{pod.Metadata.Name}\" not found");
        }
        return started.FirstOrDefault() ?? throw Runtime.ContainerFinder.Failure(400, "BadRequest", Waiting(pod, name));
    }

    // While a crashed container waits for its restart, the crash is both the current and the previous one.
    private static Container? Current(V1Pod pod, string name, List<Container> started) =>
        Status(pod, name)?.State?.Waiting is null ? started.FirstOrDefault() : null;

    private static string Waiting(V1Pod pod, string name)
    {
        var waiting = Status(pod, name)?.State?.Waiting;
        if (waiting is null || string.IsNullOrEmpty(waiting.Reason))
        {
            return $"container \"{name}\" in pod \"{pod.Metadata.Name}\" is not available";
        }
        var trouble = waiting.Reason is "ErrImagePull" or "ImagePullBackOff" or "ErrImageNeverPull" or "InvalidImageName";
        return trouble
            ? $"container \"{name}\" in pod \"{pod.Metadata.Name}\" is waiting to start: {(waiting.Reason == "ImagePullBackOff" ? "trying and failing to pull image" : waiting.Reason == "ErrImagePull" ? "image can't be pulled" : waiting.Reason)}"
            : $"container \"{name}\" in pod \"{pod.Metadata.Name}\" is waiting to start: {waiting.Reason}";
    }

    private static V1ContainerStatus? Status(V1Pod pod, string name) =>
        (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? [])
            .Concat(pod.Status?.EphemeralContainerStatuses ?? []).FirstOrDefault(status => status.Name == name);
}
