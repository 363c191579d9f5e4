using System.Net;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine;

/// <summary>What the engine of one machine needs to know. Everything it writes lies under the two directories and in the kernel's objects named here.</summary>
public sealed record EngineOptions
{
    /// <summary>containerd's, shared with the pods of this node.</summary>
    public required string ContainerdSocket { get; init; }

    public string CtrBinary { get; init; } = "ctr";

    /// <summary>Survives a reboot: what containers, networks and volumes were asked to be, and logs.</summary>
    public string DataDirectory { get; init; } = "/var/lib/flotilla/engine";

    /// <summary>Does not survive one: pipes, and file systems while they are looked into.</summary>
    public string RunDirectory { get; init; } = "/run/flotilla/engine";

    /// <summary>Named volumes, a directory each; services' too.</summary>
    public string VolumeDirectory { get; init; } = "/var/lib/flotilla/node/swarm-volumes";

    /// <summary>What makes the containers.</summary>
    public IReadOnlyList<OciRuntime> Runtimes { get; init; } = OciRuntime.Installed();

    /// <summary>The one for containers that name none.</summary>
    public string DefaultRuntime { get; init; } = OciRuntime.Usual;

    /// <summary>Where each keeps its state, in a directory of its name: beside that of pods.</summary>
    public string RuntimeState { get; init; } = "/run/flotilla/node/containerd";

    /// <summary>Below every hierarchy's own root.</summary>
    public string CgroupRoot { get; init; } = "/flotilla-engine";

    public string NodeName { get; init; } = "";

    /// <summary>Asked for all names that are no container's.</summary>
    public IPAddress ClusterDns { get; init; } = IPAddress.Parse("10.96.0.10");

    /// <summary>Pods' and services' addresses: where the link to the swarm's networks leads, whatever else a container is in.</summary>
    public IReadOnlyList<IPNetwork> ClusterRanges { get; init; } = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/12")];

    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    /// <summary>nftables table (family ip) with the ports and networks of containers.</summary>
    public string TableName { get; init; } = "flotilla-engine";

    /// <summary>Begins the name of every link made here; three letters at most.</summary>
    public string LinkPrefix { get; init; } = "fe-";

    /// <summary>A log is begun anew at this size, and the one before it kept.</summary>
    public long MaxLogBytes { get; init; } = 20 << 20;

    public string FifoDirectory => Path.Combine(RunDirectory, "fifo");

    /// <summary>The files of a build while it goes on, a directory each.</summary>
    public string BuildDirectory => Path.Combine(DataDirectory, "builds");

    /// <summary>What commands of builds keep for the next ones.</summary>
    public string CacheMountDirectory => Path.Combine(DataDirectory, "cache-mounts");

    /// <summary>What lies above a container's files while they become an image.</summary>
    public string CommitDirectory => Path.Combine(DataDirectory, "commits");

    public string ContainerDirectory => Path.Combine(DataDirectory, "containers");
}
