using Flotilla.Api.Pods;

namespace Flotilla.Node.Volumes;

/// <summary>The machine's named volumes, which are not pods' alone. Somebody else keeps them.</summary>
public interface INamedVolumes
{
    /// <summary>Uids of those that hold a volume, also one that an earlier process gave them.</summary>
    IReadOnlyCollection<string> HoldingPods { get; }

    /// <returns>null: the directory is no volume's.</returns>
    string? NameOf(string directory);

    /// <summary>Makes it where it is not there, and mounts what its options say until the pod lets it go. Repeating it is harmless.</summary>
    /// <exception cref="VolumeException">It cannot be, with docker's words.</exception>
    Task HoldAsync(string podUid, string name, NamedVolume wanted, CancellationToken cancellationToken);

    /// <summary>Gives an empty one what an image has at a path.</summary>
    /// <param name="image">The image's id.</param>
    /// <exception cref="VolumeException">It cannot be copied.</exception>
    Task FillAsync(string name, string image, string path, CancellationToken cancellationToken);

    /// <summary>All that the pod holds.</summary>
    /// <exception cref="VolumeException">Something could not be unmounted.</exception>
    Task ReleaseAsync(string podUid, CancellationToken cancellationToken);
}
