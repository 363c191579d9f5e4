using Flotilla.Api.Volumes;
using Flotilla.Node.Csi.Api;
using Flotilla.Node.Volumes;
using k8s.Models;
using AccessModes = Flotilla.Node.Csi.Api.VolumeCapability.Types.AccessMode.Types.Mode;

namespace Flotilla.Node.Csi;

/// <summary>One volume of a driver in one pod: where everything lies, and what the driver is told. Pure.</summary>
internal sealed record CsiMount(NodeOptions Options, VolumeRequest Request, CsiDriver Driver, V1CSIDriver? Described)
{
    private V1CSIPersistentVolumeSource? Persistent => Request.Persistent?.Spec.Csi;

    private V1CSIVolumeSource? Inline => Request.Persistent is null ? Request.Volume.Csi : null;

    public bool IsInline => Inline is not null;

    public string Handle => Persistent?.VolumeHandle ?? CsiNames.InlineHandle(Request.Pod.Metadata.Uid, Request.Volume.Name);

    public string Attachment => CsiNames.Attachment(Handle, Driver.Name, Options.NodeName);

    /// <summary>A driver that nobody described is assumed to want it.</summary>
    public bool MustAttach => !IsInline && Described?.Spec.AttachRequired != false;

    public bool Stages => !IsInline && Driver.Stages;

    public bool IsReadOnly => Persistent?.ReadOnlyProperty == true || Inline?.ReadOnlyProperty == true || Request.IsReadOnly;

    public string? FileSystem => Persistent?.FsType ?? Inline?.FsType;

    public V1SecretReference? StageSecret => Persistent?.NodeStageSecretRef;

    public V1SecretReference? ExpandSecret => Persistent?.NodeExpandSecretRef;

    public V1SecretReference? PublishSecret => Inline?.NodePublishSecretRef is { } local
        ? new V1SecretReference { Name = local.Name, NamespaceProperty = Request.Pod.Metadata.NamespaceProperty }
        : Persistent?.NodePublishSecretRef;

    private string Plugin => Path.Combine(Options.KubeletDirectory, "plugins", "kubernetes.io", "csi");

    public string StagingPath => Request.IsBlock
        ? Path.Combine(Plugin, "volumeDevices", "staging", Request.Name)
        : Path.Combine(Plugin, Driver.Name, CsiNames.Hash(Handle), "globalmount");

    /// <summary>The driver makes what is at its end, its parent is ours.</summary>
    public string TargetPath => Request.IsBlock
        ? Path.Combine(Plugin, "volumeDevices", "publish", Request.Name, Request.Pod.Metadata.Uid)
        : Path.Combine(RecordDirectory, "mount");

    public string RecordDirectory => Path.Combine(CsiRecord.Root(Options, Request.Pod.Metadata.Uid, Request.IsBlock), Request.Name);

    public CsiRecord Record => new(Driver.Name, Options.NodeName, Handle, TargetPath, Stages ? StagingPath : null, Request.IsBlock, MustAttach);

    /// <summary>Who gives the volume to the pod's group: null: nobody; false: this node; true: the driver.</summary>
    public bool? GroupByDriver
    {
        get
        {
            if (Request.Group is null || Request.IsBlock)
            {
                return null;
            }
            if (Driver.MountsForGroup)
            {
                return true;
            }
            var applies = (Described?.Spec.FsGroupPolicy ?? "ReadWriteOnceWithFSType") switch
            {
                "File" => true,
                "ReadWriteOnceWithFSType" => !string.IsNullOrEmpty(FileSystem) && !IsReadOnly
                    && Request.Persistent?.Spec.AccessModes?.Any(mode => mode is "ReadWriteOnce" or "ReadWriteOncePod") == true,
                _ => false,
            };
            return applies ? false : null;
        }
    }

    public VolumeCapability Capability
    {
        get
        {
            var capability = new VolumeCapability { AccessMode = new VolumeCapability.Types.AccessMode { Mode = Mode } };
            if (Request.IsBlock)
            {
                capability.Block = new VolumeCapability.Types.BlockVolume();
                return capability;
            }
            capability.Mount = new VolumeCapability.Types.MountVolume { FsType = FileSystem ?? "", VolumeMountGroup = GroupByDriver == true ? $"{Request.Group}" : "" };
            capability.Mount.MountFlags.Add(Request.Persistent?.Spec.MountOptions ?? []);
            return capability;
        }
    }

    public IDictionary<string, string> Attributes => Persistent?.VolumeAttributes ?? Inline?.VolumeAttributes ?? new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What the driver may know of the pod, if it asked for it.</summary>
    public IEnumerable<KeyValuePair<string, string>> PodAttributes => Described?.Spec.PodInfoOnMount != true
        ? []
        :
        [
            new("csi.storage.k8s.io/pod.name", Request.Pod.Metadata.Name),
            new("csi.storage.k8s.io/pod.namespace", Request.Pod.Metadata.NamespaceProperty),
            new("csi.storage.k8s.io/pod.uid", Request.Pod.Metadata.Uid),
            new("csi.storage.k8s.io/serviceAccount.name", Request.Pod.Spec.ServiceAccountName ?? ""),
            new("csi.storage.k8s.io/ephemeral", IsInline ? "true" : "false"),
        ];

    private AccessModes Mode => (Request.Persistent?.Spec.AccessModes?.FirstOrDefault(), Driver.CountsWriters) switch
    {
        ("ReadOnlyMany", _) => AccessModes.MultiNodeReaderOnly,
        ("ReadWriteMany", _) => AccessModes.MultiNodeMultiWriter,
        ("ReadWriteOncePod", true) => AccessModes.SingleNodeSingleWriter,
        (_, true) => AccessModes.SingleNodeMultiWriter,
        _ => AccessModes.SingleNodeWriter,
    };
}
