using Flotilla.Node.Csi;
using Flotilla.Node.Linux;
using Flotilla.Node.Volumes.Kinds;

namespace Flotilla.Node.Volumes;

/// <summary>Takes from the machine what volumes put there outside of the node's own directories: their data stays.</summary>
internal static class VolumeCleanup
{
    /// <summary>Once no container runs any more.</summary>
    public static async Task RunAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        foreach (var record in CsiRecord.All(options).Where(record => record.NodeName == options.NodeName).ToList())
        {
            Mounts.UnmountBelow(record.TargetPath);
            if (record.StagingPath is { } staging)
            {
                Mounts.UnmountBelow(staging);
            }
        }
        await new LoopDevices(options).DetachAllAsync(cancellationToken);
    }
}
