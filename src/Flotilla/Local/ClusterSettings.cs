using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Flotilla.Backups;
using Flotilla.Linux.Containerd;
using Flotilla.Node.Cpus;
using Flotilla.Node.NumaMemory;
using Flotilla.Node.Placement;
using Flotilla.Server.Identity;

namespace Flotilla.Local;

/// <summary>
/// One cluster on this machine. What <c>up</c> was told is kept beside the data, so that every later command needs only
/// the data directory.
/// </summary>
internal sealed record ClusterSettings
{
    public const string DefaultDataDirectory = "/var/lib/flotilla";
    public const string FileName = "cluster.json";
    public const string Vxlan = "vxlan";
    public const string HostGateway = "host-gw";
    public const string UsualPods = "10.244.0.0/16";
    public const string UsualPods6 = "fd00:10:244::/56";
    public const string UsualServices = "10.96.0.0/12";
    public const string UsualServices6 = "fd00:10:96::/112";
    private const string DefaultRunDirectory = "/run/flotilla";

    [JsonIgnore]
    public string DataDirectory { get; init; } = DefaultDataDirectory;

    public required string RunDirectory { get; init; }

    public int ApiPort { get; init; } = 6443;

    /// <summary>Those of this machine's addresses by which others reach it, one or one of each family; null: those that lead out.</summary>
    public string? NodeIp { get; init; }

    public string NodeName { get; init; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>One range, or one of each family like 10.244.0.0/16,fd00:10:244::/56; as that of services.</summary>
    public string PodCidr { get; init; } = UsualPods;

    public string ServiceCidr { get; init; } = UsualServices;

    /// <summary><c>vxlan</c> or <c>host-gw</c>.</summary>
    public string NetworkBackend { get; init; } = Vxlan;

    /// <summary>The file that gets the context; null: <c>$KUBECONFIG</c> or <c>~/.kube/config</c>.</summary>
    public string? Kubeconfig { get; init; }

    public string? ContainerRuntimeEndpoint { get; init; }

    /// <summary>The OCI runtime of containers that name none.</summary>
    public string DefaultRuntime { get; init; } = OciRuntime.Usual;

    /// <summary>null: no container has a processor for itself.</summary>
    public string? ReservedCpus { get; init; }

    /// <summary>null: no container has memory of a NUMA node for itself.</summary>
    public string? ReservedMemory { get; init; }

    /// <summary>What the machine has of the swarm's generic resources, like <c>gpu=UUID1,gpu=UUID2,ssd=3</c>; null: nothing.</summary>
    public string? GenericResources { get; init; }

    public string TopologyPolicy { get; init; } = "none";

    /// <summary><c>container</c> or <c>pod</c>.</summary>
    public string TopologyScope { get; init; } = "container";

    /// <summary>How long the machine waits for its pods when it is to go down; zero: not at all.</summary>
    public TimeSpan ShutdownGracePeriod { get; init; }

    public TimeSpan ShutdownGracePeriodCriticalPods { get; init; }

    /// <summary>A KubeSchedulerConfiguration; null: the scheduler's defaults.</summary>
    public string? SchedulerFile { get; init; }

    /// <summary>How long a node may be silent before it counts as unreachable.</summary>
    public TimeSpan NodeGracePeriod { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Whether pods are told that would label a shared volume differently, where nodes use SELinux.</summary>
    public bool WarnsOfSeLinux { get; init; }

    public IngressSettings Ingress { get; init; } = new();

    public LoadBalancerSettings LoadBalancers { get; init; } = new();

    public AccessSettings Access { get; init; } = new();

    public DatastoreSettings Datastore { get; init; } = new();

    public BackupSettings Backup { get; init; } = new();

    /// <summary>null: the cluster of the machine itself. Others live beside it, each in a network of its own.</summary>
    public string? Name { get; init; }

    /// <summary>The network that joins the nodes of this machine; null: there is one node.</summary>
    public string? NodeSubnet { get; init; }

    /// <summary>In <see cref="NodeSubnet"/>, of a node with a network namespace of its own; null: it uses the machine's network.</summary>
    public string? LocalAddress { get; init; }

    /// <summary>In <see cref="NodeSubnet"/>, of several servers on this machine: leads to one that answers. null: there is one server here.</summary>
    public string? ApiAddress { get; init; }

    /// <summary>Of the bridge that joins the nodes of this machine, whichever of them this is.</summary>
    public string? NodeBridge { get; init; }

    /// <summary>Set: this machine is a node only, of servers elsewhere.</summary>
    public AgentSettings? Agent { get; init; }

    /// <summary>Set: this machine's server joined a cluster, or is about to; null: it began one.</summary>
    public JoinSettings? Join { get; init; }

    /// <summary>Several agents may share a machine, each in a network of its own.</summary>
    [JsonIgnore]
    public string CgroupRoot => (Agent is null && Join is null && Name is null && LocalAddress is null) || DataDirectory == DefaultDataDirectory ? "/kubepods" : $"/kubepods-{HashOf(DataDirectory)}";

    /// <summary>Whether pods have addresses of IPv6 too, or alone.</summary>
    [JsonIgnore]
    public bool HasVersion6 => ClusterRanges.HaveVersion6(PodCidr);

    /// <summary>kubectl's.</summary>
    [JsonIgnore]
    public string ContextName => Name is null ? "flotilla" : $"flotilla-{Name}";

    [JsonIgnore]
    public string PidFile => Path.Combine(DataDirectory, "flotilla.pid");

    [JsonIgnore]
    public string LockFile => Path.Combine(DataDirectory, "flotilla.lock");

    [JsonIgnore]
    public string LogFile => Path.Combine(DataDirectory, "flotilla.log");

    [JsonIgnore]
    public string ProgressFile => Path.Combine(RunDirectory, "progress");

    /// <summary>Of the Docker API.</summary>
    [JsonIgnore]
    public string DockerSocket => Path.Combine(RunDirectory, "docker.sock");

    [JsonIgnore]
    public string IdentityDirectory => Path.Combine(DataDirectory, "pki");

    /// <summary>Leads to the key of <see cref="Seal"/> in the memory of the server, while that is unlocked.</summary>
    [JsonIgnore]
    public string FileKeyLink => Path.Combine(RunDirectory, "file-key");

    /// <summary>Of what is secret in <see cref="IdentityDirectory"/>.</summary>
    [JsonIgnore]
    public FileSeal Seal => new(IdentityDirectory, FileKeyLink);

    [JsonIgnore]
    public string Database => Path.Combine(DataDirectory, "state.db");

    /// <summary>Whether there is (or was) a cluster in the directory.</summary>
    [JsonIgnore]
    public bool Exists => IsIn(DataDirectory);

    public static bool IsIn(string dataDirectory) => File.Exists(FileIn(dataDirectory));

    /// <summary>What was saved there, or the defaults.</summary>
    public static ClusterSettings Load(string dataDirectory)
    {
        var directory = Path.GetFullPath(dataDirectory);
        var defaults = new ClusterSettings { DataDirectory = directory, RunDirectory = RunDirectoryFor(directory) };
        if (!defaults.Exists)
        {
            return defaults;
        }

        try
        {
            return Read(File.ReadAllBytes(FileIn(directory)), defaults) with { DataDirectory = directory };
        }
        catch (JsonException failure)
        {
            throw new UserError($"{FileIn(directory)} is damaged ({failure.Message}); remove it to use the defaults.");
        }
    }

    public void Save()
    {
        Directory.CreateDirectory(DataDirectory);
        var file = FileIn(DataDirectory);
        File.WriteAllBytes(file + ".new", ToJson());
        File.Move(file + ".new", file, overwrite: true);
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SettingsJson.Default.ClusterSettings);

    /// <summary>Of a directory elsewhere.</summary>
    /// <exception cref="JsonException">They are none.</exception>
    public static ClusterSettings FromJson(byte[] json) => Read(json, new ClusterSettings { RunDirectory = DefaultRunDirectory });

    /// <exception cref="UserError">A value that cannot work, with the flag's name.</exception>
    public void Validate()
    {
        Access.Validate();
        Datastore.Validate();
        Backup.Validate();
        Ingress.Validate();
        LoadBalancers.Validate();
        ClusterRanges.Validate(PodCidr, ServiceCidr);
        NodeAddresses.Validate(NodeIp, PodCidr);
        CheckProcessors(ReservedCpus);
        CheckRuntime();
        CheckTopology();
        CheckGenericResources();
        if (ShutdownGracePeriodCriticalPods > ShutdownGracePeriod)
        {
            throw new UserError("--shutdown-grace-period-critical-pods is a part of --shutdown-grace-period and must not be longer.");
        }

        if (NodeGracePeriod < TimeSpan.FromSeconds(2))
        {
            throw new UserError("--node-monitor-grace-period must be 2s at least: a busy node would count as dead.");
        }

        if (NetworkBackend is not (Vxlan or HostGateway))
        {
            throw new UserError($"--network-backend {NetworkBackend} must be {Vxlan} or {HostGateway}.");
        }

        if (ApiPort is < 1 or > 65535)
        {
            throw new UserError($"--api-port {ApiPort} is not a port: it must be between 1 and 65535.");
        }

        if (Name is not null && (Name.Length is 0 or > 30 || !Name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')))
        {
            throw new UserError($"--name {Name} must consist of up to 30 lower case letters, digits and '-'.");
        }

        if (NodeName.Length is 0 or > 253 || !NodeName.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.'))
        {
            throw new UserError($"--node-name {NodeName} must consist of lower case letters, digits, '-' and '.'.");
        }
    }

    // What an older version did not know keeps its default; the generated reader alone would make it null.
    private static ClusterSettings Read(byte[] saved, ClusterSettings defaults)
    {
        var all = JsonSerializer.SerializeToNode(defaults, SettingsJson.Default.ClusterSettings)!.AsObject();
        Lay(JsonNode.Parse(saved) as JsonObject ?? throw new JsonException("it holds no object"), all);
        return all.Deserialize(SettingsJson.Default.ClusterSettings)!;
    }

    private static void Lay(JsonObject saved, JsonObject over)
    {
        foreach (var (name, value) in saved)
        {
            if (value is JsonObject group && over[name] is JsonObject below)
            {
                Lay(group, below);
            }
            else if (value is not null)
            {
                over[name] = value.DeepClone();
            }
        }
    }

    private void CheckGenericResources()
    {
        try
        {
            Swarm.Tasks.GenericResources.Parse(GenericResources ?? "");
        }
        catch (FormatException wrong)
        {
            throw new UserError($"--generic-resources: {wrong.Message}.");
        }
    }

    private void CheckRuntime()
    {
        if (!OciRuntime.Names.Contains(DefaultRuntime))
        {
            throw new UserError($"--default-runtime {DefaultRuntime} must be one of {string.Join(", ", OciRuntime.Names)}.");
        }
    }

    private void CheckTopology()
    {
        if (!TopologyPolicies.Names.Contains(TopologyPolicy))
        {
            throw new UserError($"--topology-manager-policy {TopologyPolicy} must be one of {string.Join(", ", TopologyPolicies.Names)}.");
        }

        if (TopologyScope is not ("container" or "pod"))
        {
            throw new UserError($"--topology-manager-scope {TopologyScope} must be container or pod.");
        }

        try
        {
            _ = ReservedMemory is null ? null : MemoryReserve.Parse(ReservedMemory);
        }
        catch (FormatException wrong)
        {
            throw new UserError($"--reserved-memory: {wrong.Message}.");
        }
    }

    private static void CheckProcessors(string? reserved)
    {
        try
        {
            if (reserved is not null && CpuSet.Parse(reserved).Count == 0)
            {
                throw new UserError("--reserved-cpus must name at least one processor, like 0.");
            }
        }
        catch (FormatException wrong)
        {
            throw new UserError($"--reserved-cpus: {wrong.Message}.");
        }
    }

    private static string FileIn(string directory) => Path.Combine(directory, FileName);

    // Short, because socket paths must be.
    private static string RunDirectoryFor(string dataDirectory) =>
        string.Equals(dataDirectory, DefaultDataDirectory, StringComparison.Ordinal)
            ? DefaultRunDirectory
            : $"{DefaultRunDirectory}-{HashOf(dataDirectory)}";

    public static string HashOf(string dataDirectory) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDirectory)))[..8];
}

[JsonSerializable(typeof(ClusterSettings))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class SettingsJson : JsonSerializerContext;
