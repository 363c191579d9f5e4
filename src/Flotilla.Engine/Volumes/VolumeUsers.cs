using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Volumes;

/// <summary>Who uses which volume on this machine: containers of docker, and those of tasks and pods.</summary>
internal sealed class VolumeUsers(VolumeStore volumes, ContainerStore containers, TaskContainers tasks)
{
    /// <summary>Ids of containers by the volume's name.</summary>
    public async Task<ILookup<string, string>> ListAsync(CancellationToken cancellationToken)
    {
        var own = containers.All.SelectMany(container => container.Record.Mounts.Where(mount => mount.Type == "volume").Select(mount => (mount.Name, container.Id)));
        List<(string Name, string Id)> users = [.. own];
        foreach (var task in await tasks.ListAsync(cancellationToken))
        {
            var mounts = await tasks.MountsAsync(task.Id, cancellationToken);
            users.AddRange(mounts.Select(volumes.NameOf).OfType<string>().Select(name => (name, task.Id)));
        }

        return users.Distinct().ToLookup(user => user.Name, user => user.Id, StringComparer.Ordinal);
    }
}
