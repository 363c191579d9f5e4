using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Removes what one pod no longer needs, and in the end all that it left on the node.</summary>
internal sealed class PodGarbage(PodServices services, PodSandboxes sandboxes)
{
    /// <summary>Starts that went down with an earlier agent: see <see cref="InterruptedStart"/>.</summary>
    public Task RemoveInterruptedAsync(ObservedPod observed, CancellationToken cancellationToken) =>
        Task.WhenAll(observed.Interrupted.Select(container => RemoveAsync(container, cancellationToken)));

    /// <summary>Of each container's dead the newest is kept: its output is what `kubectl logs --previous` shows.</summary>
    public async Task CollectAsync(V1Pod desired, ObservedPod observed, CancellationToken cancellationToken)
    {
        var useless = observed.Containers.Where(container => container.IsExited)
            .GroupBy(container => container.Name, StringComparer.Ordinal)
            .SelectMany(group => group.Skip(observed.Latest(group.Key)!.IsExited ? 2 : 1));
        foreach (var container in useless)
        {
            await RemoveAsync(container.Id, cancellationToken);
            File.Delete(Path.Combine(PodDirectories.Logs(services.Options, desired), container.Name, $"{container.Attempt}.log"));
            File.Delete(PodDirectories.TerminationLog(services.Options, desired, container.Name, container.Attempt));
        }
        foreach (var sandbox in observed.Sandboxes.Skip(1).Where(old => !observed.Containers.Any(container => container.SandboxId == old.Id)))
        {
            await sandboxes.RemoveAsync(sandbox, cancellationToken);
        }
    }

    /// <summary>When nothing of the pod runs any more and nobody will ask for it.</summary>
    public void DeleteFiles(V1Pod desired)
    {
        Delete(PodDirectories.Of(services.Options, desired.Metadata.Uid));
        Delete(PodDirectories.Logs(services.Options, desired));
    }

    private async Task RemoveAsync(string container, CancellationToken cancellationToken) => await services.Runtime.Runtime.RemoveContainerAsync(
        new RemoveContainerRequest { ContainerId = container }, cancellationToken: cancellationToken);

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
