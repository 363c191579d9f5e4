namespace Flotilla.Swarm;

/// <summary>What the Docker API of this machine needs to know about it.</summary>
public sealed record SwarmOptions
{
    /// <summary>The unix socket, e.g. <c>/run/flotilla/docker.sock</c>.</summary>
    public required string Socket { get; init; }

    /// <summary>The Node that this engine is.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where tasks, secrets and configs of the swarm live: where <c>kubectl get pods</c> looks.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Where a node has named volumes of services, a directory each, unless its data lie elsewhere: Pods name them there.</summary>
    public const string UsualVolumeDirectory = "/var/lib/flotilla/node/swarm-volumes";

    /// <summary>As <c>docker info</c> shows it.</summary>
    public string RootDirectory { get; init; } = "/var/lib/flotilla";

    /// <summary>The programs that make containers, by name.</summary>
    public IReadOnlyDictionary<string, string> Runtimes { get; init; } = new Dictionary<string, string>();

    /// <summary>The one for containers that name none.</summary>
    public string DefaultRuntime { get; init; } = "runc";

    /// <summary>The addresses of all pods: a range, or one of each family.</summary>
    public string PodRange { get; init; } = "10.244.0.0/16";

    public string ClusterDns { get; init; } = "10.96.0.10";

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>What runs in a Pod that only holds a network; every node has it.</summary>
    public string AttachmentImage { get; init; } = "";

    public string Version { get; init; } = "0.1.0";
}
