using System.Globalization;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>The container of a task.</summary>
internal sealed class TaskContainer(ServiceSpec service, TaskTemplates templates, TaskVolumes volumes, IReadOnlyList<PortConfig> hostPorts)
{
    private readonly ContainerSpec spec = service.TaskTemplate.ContainerSpec ?? new ContainerSpec();

    private string[] User => (spec.User ?? "").Split(':');

    /// <summary>As Kubernetes names it; null: the image's.</summary>
    private string? StopSignal => string.IsNullOrEmpty(spec.StopSignal) ? null : spec.StopSignal.ToUpperInvariant() is var name && name.StartsWith("SIG", StringComparison.Ordinal) ? name : "SIG" + name;

    public V1Container Build()
    {
        var probe = HealthProbe.For(spec.Healthcheck);
        return new V1Container
        {
            Name = ObjectNames.Label(service.Name),
            Image = spec.Image,
            ImagePullPolicy = "IfNotPresent",
            Command = spec.Command is { Count: > 0 } command ? [.. command.Select(Literal)] : null,
            Args = spec.Args is { Count: > 0 } args ? [.. args.Select(Literal)] : null,
            Env = Environment(),
            WorkingDir = string.IsNullOrEmpty(spec.Dir) ? null : spec.Dir,
            Tty = spec.TTY ? true : null,
            Stdin = spec.OpenStdin ? true : null,
            Resources = Resources(service.TaskTemplate.Resources),
            SecurityContext = Security(),
            VolumeMounts = volumes.Mounts,
            StartupProbe = probe?.Startup,
            ReadinessProbe = probe?.Readiness,
            LivenessProbe = probe?.Liveness,
            Lifecycle = StopSignal is { } signal ? new V1Lifecycle { StopSignal = signal } : null,
            Ports = hostPorts.Count == 0 ? null : [.. hostPorts.Select(port => new V1ContainerPort
            {
                ContainerPort = port.TargetPort, HostPort = port.PublishedPort, Protocol = port.Transport.ToUpperInvariant(),
            })],
        };
    }

    /// <summary>Kubernetes replaces $(NAME); Docker takes every letter as it is.</summary>
    public static string Literal(string text) => text.Replace("$(", "$$(", StringComparison.Ordinal);

    public static string Unescaped(string literal) => literal.Replace("$$(", "$(", StringComparison.Ordinal);

    private List<V1EnvVar>? Environment()
    {
        List<V1EnvVar> all =
        [
            .. (spec.Env ?? []).Where(line => line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=', 2)).Select(pair => new V1EnvVar { Name = pair[0], Value = Literal(templates.Fill(pair[1])) }),
        ];
        return all.Count == 0 ? null : all;
    }

    // Only reservations count for the scheduler: a limit alone reserves nothing, and no Pod may ask for more than its limit.
    private static V1ResourceRequirements? Resources(ResourceRequirements? wanted)
    {
        var (limits, requests) = (Amounts(wanted?.Limits), Amounts(wanted?.Reservations, wanted?.Limits));
        foreach (var name in limits.Keys)
        {
            requests.TryAdd(name, new ResourceQuantity("0"));
        }

        foreach (var generic in GenericResources.Discrete(wanted))
        {
            limits[GenericResources.NameOf(generic.Kind)] = new ResourceQuantity(generic.Value.ToString(CultureInfo.InvariantCulture));
        }

        return limits.Count + requests.Count == 0 ? null : new V1ResourceRequirements { Limits = limits.Count == 0 ? null : limits, Requests = requests.Count == 0 ? null : requests };
    }

    private static Dictionary<string, ResourceQuantity> Amounts(ResourceLimits? amounts, ResourceLimits? most = null)
    {
        var all = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal);
        if (amounts?.NanoCPUs > 0)
        {
            // The least that Kubernetes counts is a thousandth.
            all["cpu"] = new ResourceQuantity(string.Create(CultureInfo.InvariantCulture, $"{(Within(amounts.NanoCPUs, most?.NanoCPUs) + 999_999) / 1_000_000}m"));
        }

        if (amounts?.MemoryBytes > 0)
        {
            all["memory"] = new ResourceQuantity(Within(amounts.MemoryBytes, most?.MemoryBytes).ToString(CultureInfo.InvariantCulture));
        }

        return all;

        static long Within(long amount, long? most) => most > 0 ? Math.Min(amount, most.Value) : amount;
    }

    private V1SecurityContext Security()
    {
        return new V1SecurityContext
        {
            ReadOnlyRootFilesystem = spec.ReadOnly ? true : null,
            AllowPrivilegeEscalation = spec.Privileges?.NoNewPrivileges == true ? false : null,
            RunAsUser = Number(User[0]),
            RunAsGroup = User.Length > 1 ? Number(User[1]) : null,
            Capabilities = spec.CapabilityAdd is { Count: > 0 } || spec.CapabilityDrop is { Count: > 0 }
                ? new V1Capabilities { Add = Bare(spec.CapabilityAdd), Drop = Bare(spec.CapabilityDrop) }
                : null,
            SeccompProfile = new V1SeccompProfile { Type = spec.Privileges?.Seccomp?.Mode == "unconfined" ? "Unconfined" : "RuntimeDefault" },
            AppArmorProfile = spec.Privileges?.AppArmor?.Mode == "disabled" ? new V1AppArmorProfile { Type = "Unconfined" } : null,
        };
    }

    private static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // CRI names capabilities without the prefix.
    private static List<string>? Bare(IReadOnlyList<string>? names) => names is { Count: > 0 } ? [.. names.Select(name => name.StartsWith("CAP_", StringComparison.Ordinal) ? name[4..] : name)] : null;
}
