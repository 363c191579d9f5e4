using Flotilla.Node.Linux;

namespace Flotilla.Node.Csi;

/// <summary>What is needed to take a volume away again, written before the driver is called: the pod may be forgotten by then.</summary>
/// <param name="StagingPath">null: the driver does not stage.</param>
/// <param name="IsAttached">It came to the node by an attachment, which must outlive its use.</param>
internal sealed record CsiRecord(string Driver, string NodeName, string VolumeHandle, string TargetPath, string? StagingPath, bool IsBlock, bool IsAttached = false)
{
    private const string FileName = "vol_data.json";

    /// <summary>The folder of a pod's volumes of all drivers.</summary>
    public static string Root(NodeOptions options, string podUid, bool isBlock) =>
        Path.Combine(options.KubeletDirectory, "pods", podUid, isBlock ? "volumeDevices" : "volumes", "kubernetes.io~csi");

    public static IEnumerable<(string Directory, CsiRecord Record)> OfPod(NodeOptions options, string podUid) =>
        ((bool[])[false, true]).SelectMany(isBlock => In(Root(options, podUid, isBlock)));

    /// <summary>Of every pod that this node may have mounted something for.</summary>
    public static IEnumerable<CsiRecord> All(NodeOptions options)
    {
        var pods = Path.Combine(options.KubeletDirectory, "pods");
        return Directory.Exists(pods)
            ? Directory.EnumerateDirectories(pods).SelectMany(pod => OfPod(options, Path.GetFileName(pod))).Select(found => found.Record)
            : [];
    }

    public void Write(string directory) => StateFile.Write(Path.Combine(directory, FileName), this);

    private static IEnumerable<(string Directory, CsiRecord Record)> In(string root)
    {
        foreach (var directory in Directory.Exists(root) ? Directory.EnumerateDirectories(root) : [])
        {
            if (StateFile.Read<CsiRecord>(Path.Combine(directory, FileName)) is { } record)
            {
                yield return (directory, record);
            }
        }
    }
}
