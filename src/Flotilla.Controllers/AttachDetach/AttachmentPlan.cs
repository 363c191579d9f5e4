using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.AttachDetach;

/// <summary>Which volumes must be attached to one node, for which pods.</summary>
internal static class AttachmentPlan
{
    private static readonly TimeSpan LongestUnmount = TimeSpan.FromMinutes(6);

    /// <param name="pods">Of the node.</param>
    /// <returns>By the attachment's name.</returns>
    public static Dictionary<string, WantedAttachment> For(
        string nodeName, IEnumerable<V1Pod> pods, Func<ObjectKey, V1PersistentVolumeClaim?> claims, Func<string, V1PersistentVolume?> volumes, Func<string, V1CSIDriver?> drivers)
    {
        var wanted = new Dictionary<string, WantedAttachment>(StringComparer.Ordinal);
        foreach (var pod in pods.Where(pod => !pod.IsTerminal()))
        {
            foreach (var volume in pod.Spec.Volumes ?? [])
            {
                if (Behind(pod, volume, claims, volumes) is { Spec.Csi: { } source } persistent && drivers(source.Driver)?.Spec.AttachRequired != false)
                {
                    var name = CsiNames.Attachment(source.VolumeHandle, source.Driver, nodeName);
                    if (!wanted.TryGetValue(name, out var attachment))
                    {
                        wanted.Add(name, attachment = new WantedAttachment(persistent, source.Driver, source.VolumeHandle, []));
                    }
                    attachment.Pods.Add(pod);
                }
            }
        }
        return wanted;
    }

    /// <summary>Whether a volume that no pod needs is still mounted on its node. A node that nobody hears of has it for a while only.</summary>
    public static bool MustStay(V1Node? node, string volume, TimeSpan unneeded) =>
        node is not null
        && InUse(node).Contains(volume, StringComparer.Ordinal)
        && node.Spec?.Taints?.Any(taint => taint.Key == Taints.OutOfService) != true
        && (unneeded < LongestUnmount || node.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true);

    /// <summary>What the node says it has mounted.</summary>
    public static IEnumerable<string> InUse(V1Node node) => node.Status?.VolumesInUse ?? [];

    /// <summary>Whether the volume may be on one node only.</summary>
    public static bool IsExclusive(V1PersistentVolume volume) =>
        volume.Spec.AccessModes is { Count: > 0 } modes && modes.All(mode => mode is "ReadWriteOnce" or "ReadWriteOncePod");

    private static V1PersistentVolume? Behind(V1Pod pod, V1Volume volume, Func<ObjectKey, V1PersistentVolumeClaim?> claims, Func<string, V1PersistentVolume?> volumes) =>
        pod.ClaimName(volume) is { } name
        && claims(new ObjectKey(pod.Metadata.NamespaceProperty, name)) is { Spec.VolumeName.Length: > 0 } claim
            ? volumes(claim.Spec.VolumeName)
            : null;
}

internal sealed record WantedAttachment(V1PersistentVolume Volume, string Driver, string Handle, List<V1Pod> Pods);
