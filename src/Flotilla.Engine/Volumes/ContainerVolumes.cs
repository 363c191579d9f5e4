using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Volumes;

/// <summary>The volumes of one of docker's containers: held while it runs, and given the image's files where they are empty.</summary>
internal sealed class ContainerVolumes(VolumeStore volumes, VolumeMounts mounts, VolumeContents contents, RootFileSystem roots)
{
    /// <summary>When a container is made: volumes that are there all the time get the image's files at once, as docker does it.</summary>
    public async Task FillAsync(ContainerRecord record, CancellationToken cancellationToken)
    {
        foreach (var mount in Of(record).Where(mount => mount.CopiesUp && !volumes.Find(mount.Name).IsMounted))
        {
            await FillAsync(record.Id, mount, cancellationToken);
        }
    }

    /// <summary>Before its processes begin.</summary>
    /// <exception cref="DockerException">A volume cannot be mounted, or has no such directory.</exception>
    public async Task HoldAsync(ContainerRecord record, CancellationToken cancellationToken)
    {
        foreach (var (index, mount) in record.Mounts.Index().Where(pair => pair.Item.Type == "volume").ToList())
        {
            await mounts.HoldAsync(mount.Name, VolumeMounts.OfContainer(record.Id), cancellationToken);
            if (mount.Below.Length > 0)
            {
                record.Mounts[index] = mount with { Source = PlaceIn(mount) };
            }
            else if (mount.CopiesUp && volumes.Find(mount.Name).IsMounted)
            {
                await FillAsync(record.Id, mount, cancellationToken);
            }
        }
    }

    /// <summary>After their end. Doing so again is harmless.</summary>
    public async Task ReleaseAsync(ContainerRecord record, CancellationToken cancellationToken)
    {
        foreach (var name in Of(record).Select(mount => mount.Name).Distinct(StringComparer.Ordinal))
        {
            await mounts.ReleaseAsync(name, VolumeMounts.OfContainer(record.Id), cancellationToken);
        }
    }

    private static IEnumerable<MountRecord> Of(ContainerRecord record) => record.Mounts.Where(mount => mount.Type == "volume");

    // What is below the directory shows only now.
    private string PlaceIn(MountRecord mount)
    {
        var place = ScopedPath.Resolve(volumes.DirectoryOf(mount.Name), mount.Below);
        return Path.Exists(place) ? place : throw new DockerException(500, $"cannot access path {place}: no such file or directory");
    }

    private Task FillAsync(string container, MountRecord mount, CancellationToken cancellationToken) => contents.FillAsync(
        mount.Name,
        mount.Destination,
        async useAsync =>
        {
            using var files = await roots.MountAsync(container, cancellationToken);
            await useAsync(files);
        },
        cancellationToken);
}
