using System.Text.Json.Serialization;

namespace Flotilla.Swarm.Services.Spec;

/// <summary>Docker's ContainerSpec.</summary>
internal sealed record ContainerSpec
{
    public string Image { get; init; } = "";

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Replaces the image's entry point.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    public IReadOnlyList<string>? Args { get; init; }

    public string? Hostname { get; init; }

    public IReadOnlyList<string>? Env { get; init; }

    public string? Dir { get; init; }

    public string? User { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }

    public Privileges? Privileges { get; init; }

    public string? StopSignal { get; init; }

    public bool TTY { get; init; }

    public bool OpenStdin { get; init; }

    public bool ReadOnly { get; init; }

    public IReadOnlyList<Mount>? Mounts { get; init; }

    public long? StopGracePeriod { get; init; }

    public Healthcheck? Healthcheck { get; init; }

    /// <summary>Each <c>ADDRESS NAME...</c>.</summary>
    public IReadOnlyList<string>? Hosts { get; init; }

    public DnsSettings? DNSConfig { get; init; }

    public IReadOnlyList<FileReference>? Secrets { get; init; }

    public IReadOnlyList<FileReference>? Configs { get; init; }

    public IReadOnlyDictionary<string, string>? Sysctls { get; init; }

    public IReadOnlyList<string>? CapabilityAdd { get; init; }

    public IReadOnlyList<string>? CapabilityDrop { get; init; }

    public IReadOnlyList<Ulimit>? Ulimits { get; init; }

    /// <summary>Somebody is to reap processes that have lost their parents.</summary>
    public bool? Init { get; init; }
}

internal sealed record Privileges
{
    public bool NoNewPrivileges { get; init; }

    public Confinement? Seccomp { get; init; }

    public Confinement? AppArmor { get; init; }
}

internal sealed record Confinement
{
    /// <summary>Of seccomp: default, unconfined or custom; of AppArmor: default or disabled.</summary>
    public string? Mode { get; init; }
}

/// <summary>-1: no limit.</summary>
internal sealed record Ulimit
{
    public string Name { get; init; } = "";

    public long Hard { get; init; }

    public long Soft { get; init; }
}

internal sealed record DnsSettings
{
    public IReadOnlyList<string>? Nameservers { get; init; }

    public IReadOnlyList<string>? Search { get; init; }

    public IReadOnlyList<string>? Options { get; init; }
}

internal sealed record Mount
{
    public string? Type { get; init; }

    public string? Source { get; init; }

    public string Target { get; init; } = "";

    public bool ReadOnly { get; init; }

    public TmpfsOptions? TmpfsOptions { get; init; }

    public BindOptions? BindOptions { get; init; }

    public VolumeOptions? VolumeOptions { get; init; }

    /// <summary>One of the node's, which outlives its tasks.</summary>
    [JsonIgnore]
    public bool IsNamedVolume => Type is not ("bind" or "tmpfs") && !string.IsNullOrEmpty(Source);
}

internal sealed record TmpfsOptions
{
    public long SizeBytes { get; init; }

    public int Mode { get; init; }
}

internal sealed record BindOptions
{
    public string? Propagation { get; init; }

    public bool CreateMountpoint { get; init; }
}

internal sealed record VolumeOptions
{
    public string? Subpath { get; init; }

    /// <summary>The volume stays empty, whatever the image has at its place.</summary>
    public bool NoCopy { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public DriverConfig? DriverConfig { get; init; }
}

internal sealed record DriverConfig
{
    /// <summary>Empty: <c>local</c>.</summary>
    public string? Name { get; init; }

    public IReadOnlyDictionary<string, string>? Options { get; init; }
}

internal sealed record Healthcheck
{
    /// <summary><c>NONE</c>, or <c>CMD</c> and words, or <c>CMD-SHELL</c> and a line.</summary>
    public IReadOnlyList<string>? Test { get; init; }

    public long Interval { get; init; }

    public long Timeout { get; init; }

    public long StartPeriod { get; init; }

    public long StartInterval { get; init; }

    public int Retries { get; init; }
}

/// <summary>A secret or config as a file in a container.</summary>
internal sealed record FileReference
{
    public FileTarget? File { get; init; }

    public string? SecretID { get; init; }

    public string? SecretName { get; init; }

    public string? ConfigID { get; init; }

    public string? ConfigName { get; init; }

    [JsonIgnore]
    public string Id => SecretID ?? ConfigID ?? "";

    [JsonIgnore]
    public string Name => SecretName ?? ConfigName ?? "";
}

internal sealed record FileTarget
{
    public string Name { get; init; } = "";

    public string? UID { get; init; }

    public string? GID { get; init; }

    public int Mode { get; init; } = 0b100_100_100;

    /// <summary>null: root's.</summary>
    [JsonIgnore]
    public string? Owner => (UID, GID) is ((null or "" or "0"), (null or "" or "0")) ? null : $"{(string.IsNullOrEmpty(UID) ? "0" : UID)}:{(string.IsNullOrEmpty(GID) ? "0" : GID)}";

    /// <summary>What Kubernetes takes of the mode.</summary>
    [JsonIgnore]
    public int Permissions => Mode & 0b111_111_111;
}
