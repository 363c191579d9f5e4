using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Swarm.Scheduling;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Swarm.Tasks;
using Flotilla.Docker;

namespace Flotilla.Swarm.Services;

/// <summary>What Swarm refuses in a service's spec, in its words.</summary>
internal static partial class ServiceRules
{
    private const int LongestName = 63;
    private const long LeastMemory = 4 << 20;
    private const long LeastNanoCpus = 1_000_000;

    /// <exception cref="DockerException">The first thing that is wrong.</exception>
    public static void Check(ServiceSpec spec)
    {
        CheckWords(spec);
        CheckName(spec.Name);
        CheckTask(spec.TaskTemplate, spec.Labels);
        CheckUpdate(spec.UpdateConfig);
        CheckUpdate(spec.RollbackConfig);
        CheckMode(spec);
        CheckEndpoint(spec.EndpointSpec);
        ServiceLabels.Check(spec);
    }

    public static void CheckName(string name)
    {
        if (name.Length > LongestName)
        {
            throw DockerException.Invalid("name must be 63 characters or fewer");
        }

        if (!NameShape().IsMatch(name))
        {
            throw DockerException.Invalid("name must be valid as a DNS name component");
        }
    }

    private static void CheckTask(TaskSpec task, IReadOnlyDictionary<string, string>? labels)
    {
        if (task.ContainerSpec is not { } container)
        {
            throw task.PluginSpec is null && task.Runtime is null or "" or "container"
                ? DockerException.Invalid("TaskSpec: missing runtime")
                : DockerException.BadRequest("services that run plugins are not supported: nodes here have no Docker plugins; run it as a container");
        }

        if (container.Image.Length == 0)
        {
            throw DockerException.Invalid("ContainerSpec: image reference must be provided");
        }

        if (!ImageShape().IsMatch(container.Image))
        {
            throw DockerException.Invalid($"ContainerSpec: \"{container.Image}\" is not a valid repository/tag");
        }

        Refuse(task.LogDriver?.Name is { Length: > 0 } driver && !LogDrivers.All.Contains(driver) ? driver : null, name => $"error looking up logging plugin {name}: plugin \"{name}\" not found; nodes here have {string.Join(", ", LogDrivers.All)}");
        CheckResources(task.Resources?.Limits);
        CheckResources(task.Resources?.Reservations);
        CheckRestart(task.RestartPolicy);
        Constraint.ParseAll(task.Placement?.Constraints);
        CheckContainer(container, labels);
    }

    private static void CheckContainer(ContainerSpec container, IReadOnlyDictionary<string, string>? labels)
    {
        Refuse((container.Mounts ?? []).GroupBy(mount => mount.Target).FirstOrDefault(group => group.Count() > 1)?.Key, target => $"ContainerSpec: duplicate mount point: {target}");
        foreach (var mount in container.Mounts ?? [])
        {
            Refuse(mount.Target.StartsWith('/') ? null : mount.Target, target => $"invalid mount target, must be an absolute path: {target}");
            Refuse(mount.Type == "bind" && mount.Source?.StartsWith('/') != true ? mount.Source ?? "" : null, source => $"invalid bind mount source, must be an absolute path: {source}");
            Refuse(mount.Type is "npipe" or "cluster" ? mount.Type : null, type => $"mounts of type {type} are not supported: use volume, bind or tmpfs");
            TaskTemplates.Check("mounts", mount.Source, labels);
            TaskTemplates.Check("mounts", mount.Target, labels);
            CheckVolume(mount, labels);
        }

        CheckFiles("Secret", container.Secrets ?? []);
        CheckFiles("Config", container.Configs ?? []);
        CheckUser(container);
        TaskTemplates.Check("hostname", container.Hostname, labels);
        foreach (var line in container.Env ?? [])
        {
            TaskTemplates.Check("env", line, labels);
        }
    }

    private static void CheckVolume(Mount mount, IReadOnlyDictionary<string, string>? labels)
    {
        var driver = mount.VolumeOptions?.DriverConfig;
        Refuse(driver?.Name is { Length: > 0 } name && name != "local" ? name : null, name => $"volumes of driver {name} are not supported: nodes here have no Docker plugins; use local, whose options mount what the kernel can");
        Refuse(driver?.Options is { Count: > 0 } && !mount.IsNamedVolume ? mount.Target : null, target => $"the volume at {target} has options but no name: give it a source");
        foreach (var text in (mount.VolumeOptions?.Labels ?? new Dictionary<string, string>()).Values.Concat((driver?.Options ?? new Dictionary<string, string>()).Values))
        {
            TaskTemplates.Check("mounts", text, labels);
        }
    }

    private static void CheckFiles(string noun, IReadOnlyList<FileReference> files)
    {
        Refuse(
            files.Where(file => file.File is not null).GroupBy(file => file.File!.Name).FirstOrDefault(group => group.Count() > 1),
            group => $"{noun} references '{group.First().Name}' and '{group.Last().Name}' have a conflicting target: '{group.Key}'");
        Refuse(files.FirstOrDefault(file => file.Id.Length == 0 || file.Name.Length == 0), _ => $"malformed {noun.ToLowerInvariant()} reference");
    }

    // The image knows names of its user; further groups are told to the runtime as numbers.
    private static void CheckUser(ContainerSpec container)
    {
        Refuse((container.User ?? "").Any(char.IsWhiteSpace) ? container.User : null, user => $"invalid user '{user}'");
        Refuse((container.Groups ?? []).FirstOrDefault(group => group.Length == 0 || !group.All(char.IsAsciiDigit)), group => $"groups must be numbers here; '{group}' is a name");
    }

    private static void CheckResources(ResourceLimits? amounts)
    {
        if (amounts is { NanoCPUs: not 0 and < LeastNanoCpus })
        {
            throw DockerException.Invalid(string.Create(CultureInfo.InvariantCulture, $"invalid cpu value {amounts.NanoCPUs / 1e9:g}: Must be at least {LeastNanoCpus / 1e9:g}"));
        }

        if (amounts is { MemoryBytes: not 0 and < LeastMemory })
        {
            throw DockerException.Invalid($"invalid memory value {amounts.MemoryBytes}: Must be at least 4MiB");
        }
    }

    private static void CheckRestart(RestartPolicy? policy)
    {
        Refuse(policy?.Delay < 0 ? "" : null, _ => "TaskSpec: restart-delay cannot be negative");
        Refuse(policy?.Window < 0 ? "" : null, _ => "TaskSpec: restart-window cannot be negative");
    }

    private static void CheckUpdate(UpdateConfig? config)
    {
        Refuse(config?.Delay < 0 ? "" : null, _ => "TaskSpec: update-delay cannot be negative");
        Refuse(config?.Monitor < 0 ? "" : null, _ => "TaskSpec: update-monitor cannot be negative");
        Refuse(config is { MaxFailureRatio: < 0 or > 1 } ? "" : null, _ => "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1");
    }

    /// <summary>The engine reads these words itself, before the managers see the spec.</summary>
    private static void CheckWords(ServiceSpec spec)
    {
        RefuseWord(spec.TaskTemplate.RestartPolicy?.Condition, ["any", "none", "on-failure"], word => $"invalid RestartCondition: \"{word}\"");
        foreach (var config in new[] { spec.UpdateConfig, spec.RollbackConfig })
        {
            RefuseWord(config?.FailureAction, ["pause", "continue", "rollback"], word => $"unrecognized update failure action {word}");
            RefuseWord(config?.Order, ["stop-first", "start-first"], word => $"unrecognized update order {word}");
        }

        RefuseWord(spec.EndpointSpec?.Mode, ["vip", "dnsrr"], word => $"invalid resolution mode: \"{word}\"");
    }

    private static void RefuseWord(string? word, ReadOnlySpan<string> known, Func<string, string> say)
    {
        if (!string.IsNullOrEmpty(word) && !known.Contains(word))
        {
            throw DockerException.BadRequest(say(word));
        }
    }

    private static void CheckMode(ServiceSpec spec)
    {
        var isJob = spec.Mode is { ReplicatedJob: not null } or { GlobalJob: not null };
        Refuse(isJob && spec.UpdateConfig is not null ? "" : null, _ => "update config is not allowed for jobs");
        Refuse(isJob && spec.RollbackConfig is not null ? "" : null, _ => "rollback config is not allowed for jobs");
    }

    private static void CheckEndpoint(EndpointSpec? endpoint)
    {
        var ports = endpoint?.Ports ?? [];
        Refuse(
            endpoint?.Mode == "dnsrr" && ports.Any(port => !port.IsHost) ? "" : null,
            _ => "EndpointSpec: port published with ingress mode can't be used with dnsrr mode");
        Refuse(ports.FirstOrDefault(port => port.TargetPort is < 1 or > 65535 || port.PublishedPort is < 0 or > 65535), port => $"EndpointSpec: invalid port {port.PublishedPort}:{port.TargetPort}");
        Refuse(
            ports.Where(port => port.PublishedPort != 0).GroupBy(port => (port.PublishedPort, port.Transport, port.IsHost)).FirstOrDefault(group => group.Count() > 1),
            _ => "EndpointSpec: duplicate published ports provided");
    }

    private static void Refuse<T>(T? wrong, Func<T, string> say)
        where T : class
    {
        if (wrong is not null)
        {
            throw DockerException.Invalid(say(wrong));
        }
    }

    [GeneratedRegex("^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$", RegexOptions.NonBacktracking)]
    private static partial Regex NameShape();

    [GeneratedRegex(@"^[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?$", RegexOptions.NonBacktracking)]
    private static partial Regex ImageShape();
}
