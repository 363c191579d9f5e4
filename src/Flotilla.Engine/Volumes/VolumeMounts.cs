using Flotilla.Docker;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Volumes.Local;
using Flotilla.Linux.Mounts;

namespace Flotilla.Engine.Volumes;

/// <summary>
/// Who holds which volume, and the file systems that volumes' options ask for: each is mounted at its volume's directory from the first holder to the
/// last. A file beside that directory notes each holder, and the kernel tells what is mounted: whoever comes after an engine that was killed knows both.
/// </summary>
internal sealed class VolumeMounts(VolumeStore volumes, VolumeGates gates, LocalMount local)
{
    private const string Containers = "container-";
    private const string Pods = "pod-";
    private const string Holders = "holders";

    public static string OfContainer(string id) => Containers + id;

    public static string OfPod(string uid) => Pods + uid;

    /// <summary>Uids of the pods that hold a volume.</summary>
    public IReadOnlyCollection<string> HoldingPods => [.. volumes.All.SelectMany(volume => HoldersOf(volume.Name)).Where(holder => holder.StartsWith(Pods, StringComparison.Ordinal)).Select(holder => holder[Pods.Length..]).Distinct(StringComparer.Ordinal)];

    /// <summary>The ids of whoever holds it.</summary>
    public IEnumerable<string> UsersOf(string name) => HoldersOf(name).Select(holder => holder[(holder.IndexOf('-', StringComparison.Ordinal) + 1)..]);

    /// <summary>Whoever holds it already does so once.</summary>
    /// <exception cref="DockerException">It cannot be mounted; it is not held then.</exception>
    public async Task HoldAsync(string name, string holder, CancellationToken cancellationToken)
    {
        using var entered = await gates.EnterAsync(name, cancellationToken);
        var volume = volumes.Find(name);
        var note = NoteOf(name, holder);
        Directory.CreateDirectory(Path.GetDirectoryName(note)!);
        await File.WriteAllBytesAsync(note, [], cancellationToken);
        try
        {
            if (volume.IsMounted && !MountTable.Has(volumes.RealDirectoryOf(name)))
            {
                Directory.CreateDirectory(volumes.DirectoryOf(name));
                await local.MountAsync(volume.OptionWords, volumes.DirectoryOf(name), cancellationToken);
            }
        }
        catch (Exception failure)
        {
            Forget(note);
            throw failure is IOException ? new DockerException(500, $"error while mounting volume '{volumes.DirectoryOf(name)}': {failure.Message}") : failure;
        }
    }

    /// <summary>Who does not hold it may let it go, too.</summary>
    public async Task ReleaseAsync(string name, string holder, CancellationToken cancellationToken)
    {
        using var entered = await gates.EnterAsync(name, cancellationToken);
        Forget(NoteOf(name, holder));
        UnmountUnheld(name);
    }

    public async Task ReleaseAllAsync(string holder, CancellationToken cancellationToken)
    {
        foreach (var volume in volumes.All.Where(volume => File.Exists(NoteOf(volume.Name, holder))))
        {
            await ReleaseAsync(volume.Name, holder, cancellationToken);
        }
    }

    /// <summary>After a start: containers that have ended meanwhile hold nothing, and what nobody holds is not mounted.</summary>
    /// <param name="runs">Whether a container does, by its id.</param>
    public async Task ReleaseEndedAsync(Func<string, bool> runs, CancellationToken cancellationToken)
    {
        foreach (var volume in volumes.All)
        {
            using var entered = await gates.EnterAsync(volume.Name, cancellationToken);
            foreach (var holder in HoldersOf(volume.Name).Where(holder => holder.StartsWith(Containers, StringComparison.Ordinal) && !runs(holder[Containers.Length..])).ToList())
            {
                Forget(NoteOf(volume.Name, holder));
            }

            UnmountUnheld(volume.Name);
        }
    }

    /// <summary>What is behind a mount stays: a volume on or in which something stays mounted is not removed.</summary>
    /// <exception cref="DockerException">Somebody holds it, or something stays mounted there.</exception>
    public async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        using var entered = await gates.EnterAsync(name, cancellationToken);
        if (volumes.TryFind(name) is not { } volume)
        {
            return;
        }

        if (UsersOf(name).ToList() is { Count: > 0 } users)
        {
            throw InUse(name, users);
        }

        if (volume.IsMounted)
        {
            Unmount(name);
        }

        if (MountTable.Below(Path.GetDirectoryName(volumes.RealDirectoryOf(name))!) is { Count: > 0 } points)
        {
            throw new DockerException(500, $"remove {name}: something is mounted at {points[0]}");
        }

        volumes.Remove(volume);
    }

    public static DockerException InUse(string name, IEnumerable<string> users) => new(409, $"remove {name}: volume is in use - [{string.Join(", ", users)}]");

    /// <summary>Nobody holds a volume any more.</summary>
    /// <param name="place">Of the volume, beside its directory.</param>
    public static void ForgetHolders(string place)
    {
        if (Path.Combine(place, Holders) is var notes && Directory.Exists(notes))
        {
            Directory.Delete(notes, recursive: true);
        }
    }

    private static void Forget(string note)
    {
        if (File.Exists(note))
        {
            File.Delete(note);
        }
    }

    // Under the gate.
    private void UnmountUnheld(string name)
    {
        if (volumes.TryFind(name) is { IsMounted: true } && !HoldersOf(name).Any())
        {
            Unmount(name);
        }
    }

    private void Unmount(string name)
    {
        var directory = volumes.RealDirectoryOf(name);
        while (MountTable.Has(directory))
        {
            if (!Native.Unmount(directory))
            {
                throw new DockerException(500, $"volume {name} could not be unmounted from {directory}");
            }
        }
    }

    private IEnumerable<string> HoldersOf(string name)
    {
        var notes = Path.Combine(volumes.PlaceOf(name), Holders);
        return Directory.Exists(notes) ? Directory.EnumerateFiles(notes).Select(note => Path.GetFileName(note)) : [];
    }

    private string NoteOf(string name, string holder) => Path.Combine(volumes.PlaceOf(name), Holders, holder);
}
