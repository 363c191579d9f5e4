using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Node.Volumes.Local;

/// <summary>Volumes that are directories (or, for block volumes, files) of one node: how they read in the API.</summary>
internal static class LocalVolumes
{
    public const string Provisioner = "flotilla.dev/local-path";

    /// <summary>A volume does not vanish from the API before its data is gone.</summary>
    public const string Finalizer = "external-provisioner.volume.kubernetes.io/finalizer";

    private const string HostName = "kubernetes.io/hostname";

    /// <summary>Readable for whoever looks into the directory: which claim of which namespace.</summary>
    public static string FolderFor(V1PersistentVolumeClaim claim) =>
        $"{ProvisionedVolume.NameFor(claim)}_{claim.Metadata.NamespaceProperty}_{claim.Metadata.Name}";

    /// <summary>Whether this node is to make a volume for the claim. Of claims that do not wait for a pod the fastest node takes each.</summary>
    public static bool IsWanted(V1PersistentVolumeClaim claim, V1StorageClass? storageClass, string nodeName)
    {
        if (storageClass?.Provisioner != Provisioner
            || claim.Metadata.DeletionTimestamp is not null
            || !string.IsNullOrEmpty(claim.Spec.VolumeName)
            || claim.Metadata.Annotation(VolumeAnnotations.Provisioner) != Provisioner)
        {
            return false;
        }
        var selected = claim.Metadata.Annotation(VolumeAnnotations.SelectedNode);
        return selected is null ? !storageClass.WaitsForConsumer() : selected == nodeName;
    }

    /// <summary>What the claim asks for and a directory cannot give; null: nothing.</summary>
    public static string? Refusal(V1PersistentVolumeClaim claim) =>
        claim.Spec.Selector is not null ? "claim Selector is not supported"
        : claim.Spec.DataSource is not null || claim.Spec.DataSourceRef is not null ? "data sources are not supported by local volumes"
        : null;

    public static V1PersistentVolume For(V1PersistentVolumeClaim claim, V1StorageClass storageClass, string nodeName, string path)
    {
        var volume = ProvisionedVolume.For(claim, storageClass, Provisioner);
        volume.Metadata.Finalizers = [Finalizer];
        volume.Spec.Local = new V1LocalVolumeSource { Path = path };
        volume.Spec.NodeAffinity = new V1VolumeNodeAffinity { Required = Only(nodeName) };
        return volume;
    }

    /// <summary>Whether the volume is one that this node made and keeps below <paramref name="directory"/>.</summary>
    public static bool IsOf(V1PersistentVolume volume, string nodeName, string directory) =>
        volume.Metadata.Annotation(VolumeAnnotations.ProvisionedBy) == Provisioner
        && volume.Spec.Local?.Path is { } path
        && Path.GetDirectoryName(path) == directory
        && Path.GetFullPath(path) == path
        && NodeOf(volume) == nodeName;

    private static string? NodeOf(V1PersistentVolume volume) =>
        volume.Spec.NodeAffinity?.Required?.NodeSelectorTerms is [{ MatchExpressions: [{ Key: HostName, Values: [var name] }] }] ? name : null;

    private static V1NodeSelector Only(string nodeName) => new()
    {
        NodeSelectorTerms =
        [
            new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = HostName, OperatorProperty = "In", Values = [nodeName] }] },
        ],
    };
}
