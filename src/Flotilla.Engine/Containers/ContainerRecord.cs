using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Engine.Containers;

/// <summary>All that is kept of a container: what was asked for, and how it fares. One file each.</summary>
internal sealed record ContainerRecord
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required DateTime Created { get; init; }

    /// <summary>As the user wrote it.</summary>
    public required string Image { get; init; }

    public required string ImageId { get; init; }

    /// <summary>Docker's container configuration, with what the image says where the user said nothing.</summary>
    public required JsonObject Config { get; init; }

    public required JsonObject HostConfig { get; set; }

    /// <summary>By network name.</summary>
    public Dictionary<string, EndpointRecord> Networks { get; init; } = [];

    public List<MountRecord> Mounts { get; init; } = [];

    public StateRecord State { get; set; } = new();

    public IReadOnlyList<string> Command => [.. Words("Entrypoint"), .. Words("Cmd")];

    public bool HasTerminal => Config.Boolean("Tty") == true;

    public bool HasInput => Config.Boolean("OpenStdin") == true;

    public bool EndsWithInput => Config.Boolean("StdinOnce") == true;

    /// <summary><c>bridge</c>, <c>host</c>, <c>none</c>, <c>container:ID</c> or a network's name.</summary>
    public string NetworkMode => HostConfig.String("NetworkMode") is { Length: > 0 } mode && mode != "default" ? mode : Docker.BuiltInNetworks.Bridge;

    public string RestartPolicy => HostConfig.Object("RestartPolicy").String("Name") ?? "";

    public IReadOnlyDictionary<string, string> Labels => (Config.Object("Labels") ?? []).ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);

    public IEnumerable<string> Words(string name) => Config.Array(name)?.Select(word => word.AsString() ?? "") ?? [];
}

/// <summary>A container's place in a network.</summary>
internal sealed record EndpointRecord
{
    public required string NetworkId { get; init; }

    /// <summary>What the user asked for; empty: any.</summary>
    public string WantedAddress { get; init; } = "";

    public List<string> Aliases { get; init; } = [];

    /// <summary>Of a network of the swarm: domains in which its names are. Empty: one of this machine, or it does not run.</summary>
    public IReadOnlyList<string> Search { get; set; } = [];

    /// <summary>Of a network of the swarm: which place there its link comes from. Empty: one of this machine, or it does not run.</summary>
    public string Place { get; set; } = "";

    /// <summary>What the link of that place comes from, for the container runtime.</summary>
    public string Sandbox { get; set; } = "";

    /// <summary>Its link as the container sees it, like <c>eth0</c>; all networks of the swarm share one.</summary>
    public string Device { get; set; } = "";

    /// <summary>Who leads on from there.</summary>
    public string Gateway { get; set; } = "";

    /// <summary>Whether that network of the swarm is one from which nothing leads out.</summary>
    public bool IsInternal { get; set; }

    /// <summary>Empty while it does not run.</summary>
    public string Address { get; set; } = "";

    public string Mac { get; set; } = "";

    public string EndpointId { get; set; } = "";

    /// <summary>The end of the link that lies in the machine.</summary>
    public string Link { get; set; } = "";
}

/// <param name="Type"><c>bind</c>, <c>volume</c> or <c>tmpfs</c>.</param>
/// <param name="Name">Of a volume.</param>
/// <param name="Options">Of a tmpfs.</param>
/// <param name="Below">The directory in the volume that is meant; empty: the volume itself.</param>
internal sealed record MountRecord(string Type, string Name, string Source, string Destination, bool IsReadOnly, string Propagation, string Options = "", bool CopiesUp = true, bool IsAnonymous = false, string Below = "");

internal sealed record StateRecord
{
    public const string Created = "created";
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Restarting = "restarting";
    public const string Removing = "removing";
    public const string Exited = "exited";

    public string Status { get; set; } = Created;

    public int Pid { get; set; }

    public int ExitCode { get; set; }

    public bool IsOutOfMemory { get; set; }

    public string Error { get; set; } = "";

    public DateTime StartedAt { get; set; }

    public DateTime FinishedAt { get; set; }

    public int RestartCount { get; set; }

    /// <summary>By docker stop or kill: <c>unless-stopped</c> remembers it.</summary>
    public bool IsStoppedByHand { get; set; }

    /// <summary>Which ports of the machine lead to it: <c>80/tcp</c> and where.</summary>
    public List<PortRecord> Ports { get; set; } = [];

    public bool IsRunning => Status is Running or Paused;
}

internal sealed record PortRecord(int ContainerPort, string Protocol, string HostAddress, int HostPort);
