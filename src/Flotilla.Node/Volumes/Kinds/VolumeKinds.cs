using Flotilla.Node.Status;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>The kinds of volumes that need nothing but this machine.</summary>
internal static class VolumeKinds
{
    public static IEnumerable<IVolumeKind> All(NodeOptions options, NodeCapacity capacity) =>
    [
        new EmptyDirectories(options, capacity.AmountOf("memory") ?? 0),
        new HostPathVolumes(),
        new LocalVolumeKind(new LoopDevices(options)),
        new NfsVolumes(options, NfsSupport.OfThisMachine),
        new NetworkDisks(),
    ];
}
