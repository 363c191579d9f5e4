using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Api.Volumes;

/// <summary>Names that controllers, nodes and drivers' own helpers must derive alike.</summary>
public static class CsiNames
{
    /// <summary>Of the VolumeAttachment of a volume on a node.</summary>
    public static string Attachment(string volumeHandle, string driver, string nodeName) => $"csi-{Hash(volumeHandle + driver + nodeName)}";

    /// <summary>Of a volume that exists only inside of a pod's manifest.</summary>
    public static string InlineHandle(string podUid, string volumeName) => $"csi-{Hash(podUid + volumeName)}";

    /// <summary>As a node's status lists volumes.</summary>
    public static string Unique(string driver, string volumeHandle) => $"kubernetes.io/csi/{driver}^{volumeHandle}";

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
