using Flotilla.Engine.Containerd;
using Flotilla.Linux.Cri;
using Grpc.Core;

namespace Flotilla.Engine.Containers;

/// <summary>A container of a pod on this machine. Docker shows those of the swarm's tasks by the names Swarm gives them.</summary>
internal sealed record TaskContainer(string Id, string Name, string Image, string ImageId, DateTime Created, bool IsRunning, IReadOnlyDictionary<string, string> Labels)
{
    private const string TaskLabel = "com.docker.swarm.task";

    public bool IsTask => Labels.ContainsKey(TaskLabel);
}

/// <summary>The containers that the node agent runs, for looking at: who made them starts and removes them.</summary>
internal sealed class TaskContainers(Runtime runtime)
{
    private const string PodNameLabel = "io.kubernetes.pod.name";
    private const string OwnLabels = "io.kubernetes.";

    public async Task<IReadOnlyList<TaskContainer>> ListAsync(CancellationToken cancellationToken)
    {
        var pods = (await runtime.CriContainers.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: cancellationToken)).Items.ToDictionary(pod => pod.Id, StringComparer.Ordinal);
        var listed = (await runtime.CriContainers.ListContainersAsync(new ListContainersRequest(), cancellationToken: cancellationToken)).Containers;
        return [.. listed.Where(container => pods.ContainsKey(container.PodSandboxId)).Select(container => new TaskContainer(
            container.Id, container.Labels.GetValueOrDefault(PodNameLabel) ?? container.Metadata.Name, container.Image?.Image ?? "", container.ImageRef,
            DateTime.UnixEpoch.AddTicks(container.CreatedAt / 100), container.State == ContainerState.ContainerRunning, LabelsOf(pods[container.PodSandboxId])))];
    }

    /// <summary>By id, name or the beginning of an id; null: there is no such task here.</summary>
    public async Task<TaskContainer?> FindAsync(string word, CancellationToken cancellationToken)
    {
        var tasks = (await ListAsync(cancellationToken)).Where(task => task.IsTask).OrderByDescending(task => task.Created).ToList();
        return tasks.FirstOrDefault(task => task.Id == word || task.Name == word.TrimStart('/'))
            ?? (word.Length > 0 && tasks.Where(task => task.Id.StartsWith(word, StringComparison.Ordinal)).ToList() is [var only] ? only : null);
    }

    public async Task<ContainerStatus> StatusAsync(string id, CancellationToken cancellationToken) =>
        (await runtime.CriContainers.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = id }, cancellationToken: cancellationToken)).Status;

    /// <summary>Directories of the machine that a container sees; of one that is gone, none.</summary>
    public async Task<IReadOnlyList<string>> MountsAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await StatusAsync(id, cancellationToken)).Mounts.Select(mount => mount.HostPath)];
        }
        catch (RpcException gone) when (gone.IsMissing())
        {
            return [];
        }
    }

    private static Dictionary<string, string> LabelsOf(PodSandbox pod) =>
        pod.Labels.Where(label => !label.Key.StartsWith(OwnLabels, StringComparison.Ordinal)).ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal);
}
