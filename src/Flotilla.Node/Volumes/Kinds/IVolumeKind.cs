using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>
/// How volumes of one kind come to a pod and leave it. Mounting what is mounted refreshes it at most, so that a restarted
/// agent may ask again. A new kind is one file and one line in <see cref="VolumeKinds"/>.
/// </summary>
internal interface IVolumeKind
{
    bool Serves(VolumeRequest request);

    /// <summary>Whether its volumes want to be mounted again now and then: there may be news for whoever serves them.</summary>
    bool Recurs => false;

    /// <exception cref="VolumeException">Not now; says why.</exception>
    Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Before the pod's directory goes. What was mounted there is found on disk: the pod may not be known any more.
    /// Mounts below the directory need no care, they are detached anyway.
    /// </summary>
    Task UnmountAsync(string podUid, CancellationToken cancellationToken) => Task.CompletedTask;
}
