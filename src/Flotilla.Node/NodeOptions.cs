using System.Net;
using Flotilla.Linux.Containerd;
using Flotilla.Node.Devices;
using Flotilla.Node.Eviction;
using k8s.Models;

namespace Flotilla.Node;

/// <summary>What one node agent needs to know about itself. Everything it writes lies under <see cref="DataDirectory"/> and <see cref="RunDirectory"/>.</summary>
public sealed record NodeOptions
{
    public required string NodeName { get; init; }

    /// <summary>Survives a reboot: images, container root, pod volumes, logs.</summary>
    public string DataDirectory { get; init; } = "/var/lib/flotilla/node";

    /// <summary>Does not survive a reboot: sockets, pid files, runtime state.</summary>
    public string RunDirectory { get; init; } = "/run/flotilla/node";

    /// <summary>A CRI socket somebody else runs; null: the agent supervises a containerd of its own.</summary>
    public string? ContainerRuntimeEndpoint { get; init; }

    /// <summary>What makes the containers, by the name that a RuntimeClass calls its handler.</summary>
    public IReadOnlyList<OciRuntime> Runtimes { get; init; } = OciRuntime.Installed();

    /// <summary>The one for pods without a RuntimeClass.</summary>
    public string DefaultRuntime { get; init; } = OciRuntime.Usual;

    public string ContainerdBinary { get; init; } = "containerd";

    public string CtrBinary { get; init; } = "ctr";

    /// <summary>Where CNI configuration lists are read from.</summary>
    public string CniConfigurationDirectory { get; init; } = "/var/lib/flotilla/node/cni/net.d";

    /// <summary>The first that holds a <c>bridge</c> plugin is used.</summary>
    public IReadOnlyList<string> CniPluginDirectories { get; init; } = ["/usr/lib/cni", "/opt/cni/bin"];

    /// <summary>The node's InternalIPs, one of each family; the first one's family is the pods' first. Empty: the source address of the default route.</summary>
    public IReadOnlyList<IPAddress> NodeIps { get; init; } = [];

    public IReadOnlyList<string> ClusterDns { get; init; } = [];

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Where pods with dnsPolicy Default get their resolv.conf from.</summary>
    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    /// <summary>The level of the Kubernetes API that the node reports in <c>nodeInfo.kubeletVersion</c>.</summary>
    public string KubeletVersion { get; init; } = "v1.36.2";

    /// <summary>A container's log is rotated when it has reached this size.</summary>
    public long MaxLogBytes { get; init; } = 10 << 20;

    /// <summary>Where plugins for Kubernetes' own node agent look for their volumes and put their sockets.</summary>
    public string KubeletDirectory { get; init; } = "/var/lib/kubelet";

    public int MaxPods { get; init; } = 110;

    /// <summary>Which ids pods with users of their own may have; where it gives none, those above the machine's first 65536.</summary>
    public string SubordinateUids { get; init; } = "/etc/subuid";

    public string SubordinateGids { get; init; } = "/etc/subgid";

    /// <summary>Root of the pods' cgroups, below every hierarchy's own root.</summary>
    public string CgroupRoot { get; init; } = "/kubepods";

    /// <summary>Extra labels for the Node object.</summary>
    public IReadOnlyDictionary<string, string> NodeLabels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Processors for the machine and for containers that share. Set: Guaranteed pods that ask for whole processors get the
    /// others for themselves (upstream's static CPU manager policy). null: all containers share all processors.
    /// </summary>
    public string? ReservedCpus { get; init; }

    /// <summary>
    /// What of each NUMA node's memory is kept for the machine, in the form of <see cref="NumaMemory.MemoryReserve"/>. Set: Guaranteed
    /// pods get their memory from certain nodes (upstream's static memory manager policy). null: all use what they find.
    /// </summary>
    public string? ReservedMemory { get; init; }

    /// <summary>One of <see cref="Placement.TopologyPolicies.Names"/>: how near to each other a container's resources must lie.</summary>
    public string TopologyPolicy { get; init; } = "none";

    /// <summary>The resources of all containers of a pod lie together, not only those of each.</summary>
    public bool PlacesWholePods { get; init; }

    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>What a joined node asks for; the cluster may give less.</summary>
    public TimeSpan CertificateLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The age at which certificates are renewed; null: at six tenths of their lifetime.</summary>
    public TimeSpan? RenewCertificatesAfter { get; init; }

    /// <summary>Name of the container runtime's socket when the agent supervises it.</summary>
    public string ContainerdSocket => Path.Combine(RunDirectory, "containerd.sock");

    public string RuntimeSocket => ContainerRuntimeEndpoint is { } endpoint ? Cri.CriClient.SocketPath(endpoint) : ContainerdSocket;

    /// <summary>Of the Docker API of this machine, which managers of the swarm ask about tasks; null: it has none.</summary>
    public string? DockerSocket { get; init; }

    /// <summary>Kernel settings that pods may change beside the safe ones; a name may end with <c>*</c>.</summary>
    public IReadOnlyList<string> AllowedUnsafeSysctls { get; init; } = [];

    public IReadOnlyList<EvictionThreshold> EvictionThresholds { get; init; } = EvictionThreshold.Defaults;

    /// <summary>How long a shortage is told after it has passed.</summary>
    public TimeSpan PressureTransition { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most time that pods are given to end when they must leave for the node's sake.</summary>
    public TimeSpan LongestEvictionGrace { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the machine waits for its pods when it is to go down; zero: not at all.</summary>
    public TimeSpan ShutdownGracePeriod { get; init; }

    /// <summary>The part of that time which is for the system's own pods, after all others.</summary>
    public TimeSpan ShutdownGracePeriodCriticalPods { get; init; }

    /// <summary>Unused images are removed when the disk is as full as this, in percent...</summary>
    public int ImageDiskHighPercent { get; init; } = 85;

    /// <summary>... until it is only as full as this.</summary>
    public int ImageDiskLowPercent { get; init; } = 80;

    /// <summary>What the machine itself needs; pods share the rest.</summary>
    public IReadOnlyDictionary<string, string> SystemReserved { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Pods described by files in here run without the cluster's leave, and are shown to it.</summary>
    public string ManifestDirectory { get => field ?? Path.Combine(DataDirectory, "manifests"); init; }

    /// <summary>Where the seccomp profiles lie that pods name by type Localhost.</summary>
    public string SeccompDirectory => Path.Combine(DataDirectory, "seccomp");

    /// <summary>What the node has besides processors, memory and what plugins bring.</summary>
    public IReadOnlyList<NamedResource> NamedResources { get; init; } = [];

    /// <summary>A pod as this node runs it, from how it is wanted: what depends on the node and has no field in the API. Pure.</summary>
    public Func<V1Pod, V1Node, V1Pod> OnNode { get; init; } = (pod, _) => pod;

    public string PodsDirectory => Path.Combine(DataDirectory, "pods");

    /// <summary>Where drivers describe devices by files of the Container Device Interface; the last comes first.</summary>
    public IReadOnlyList<string> CdiDirectories { get; init; } = ["/etc/cdi", "/var/run/cdi"];

    public string DevicePluginDirectory => Path.Combine(KubeletDirectory, "device-plugins");

    public string PodResourcesSocket => Path.Combine(KubeletDirectory, "pod-resources", "kubelet.sock");

    public string PluginRegistrationDirectory => Path.Combine(KubeletDirectory, "plugins_registry");

    /// <summary>The data of claims that local volumes serve.</summary>
    public string LocalVolumesDirectory => Path.Combine(DataDirectory, "local-volumes");

    public string PodLogsDirectory => Path.Combine(DataDirectory, "logs");
}
