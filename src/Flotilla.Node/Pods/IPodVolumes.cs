using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>The volumes of the node's pods. Mounting what is mounted already refreshes it; a restarted agent asks again.</summary>
public interface IPodVolumes
{
    /// <exception cref="VolumeException">A volume is not to be had now; the caller tells the user and tries again later.</exception>
    Task<PodVolumes> MountAsync(V1Pod pod, CancellationToken cancellationToken);

    Task UnmountAsync(string podUid, CancellationToken cancellationToken);
}

/// <param name="ByName">What is there for each volume, by the volume's name in the pod.</param>
public sealed record PodVolumes(IReadOnlyDictionary<string, MountedVolume> ByName);

/// <param name="Path">On the node: a directory or file, or the device of a block volume.</param>
public sealed record MountedVolume(string Path)
{
    public bool IsReadOnly { get; init; }

    public bool IsBlock { get; init; }
}

/// <summary>Why a volume cannot be mounted, in words for the pod's FailedMount event.</summary>
public sealed class VolumeException(string message, Exception? inner = null) : Exception(message, inner);
