using Flotilla.Docker;
using Flotilla.Engine.Events;
using Flotilla.Engine.Volumes;

namespace Flotilla.Engine.Containers;

/// <summary>Takes a container that does not run away: its layer and log, and where asked the volumes that have no name. Its gate is held meanwhile.</summary>
internal sealed class ContainerRemoval(ContainerStore containers, ContainerLaunch launch, RootFileSystem roots, VolumeMounts volumes, EventLog events)
{
    public async Task RunAsync(Container container, bool withVolumes, CancellationToken cancellationToken)
    {
        if (container.IsRemoved)
        {
            return;
        }

        container.StopWaiting();
        container.Record.State.Status = StateRecord.Removing;
        await launch.DeleteObjectAsync(container.Id, cancellationToken);
        await roots.RemoveAsync(container.Id, cancellationToken);
        containers.Remove(container);
        if (Directory.Exists(container.Directory))
        {
            Directory.Delete(container.Directory, recursive: true);
        }

        await volumes.ReleaseAllAsync(VolumeMounts.OfContainer(container.Id), cancellationToken);
        foreach (var mount in container.Record.Mounts.Where(mount => withVolumes && mount.IsAnonymous && !containers.All.Any(other => other.Record.Mounts.Any(own => own.Name == mount.Name))))
        {
            await RemoveAsync(mount.Name, cancellationToken);
        }

        events.Container(container, "destroy");
        container.NextExit.TrySetResult(container.Record.State.ExitCode);
        container.Output.Complete();
        container.Removed.TrySetResult(container.Record.State.ExitCode);
    }

    private async Task RemoveAsync(string volume, CancellationToken cancellationToken)
    {
        try
        {
            await volumes.RemoveAsync(volume, cancellationToken);
        }
        catch (DockerException)
        {
            // Somebody else has mounted it, or something in it: it stays, and `docker volume ls` shows it.
        }
    }
}
