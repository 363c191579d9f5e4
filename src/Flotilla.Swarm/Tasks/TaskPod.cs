using System.Globalization;
using System.Text.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Scheduling;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Endpoints;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>The Pod that is a task. Pure but for the task's id.</summary>
/// <param name="spread">Where tasks had best go.</param>
/// <param name="isTemplate">Whether a secret or config is one, by its id.</param>
internal sealed class TaskPod(SwarmService service, SwarmOptions options, IReadOnlyList<V1Node> nodes, NodeView view, SpreadTree spread, Func<string, bool> isTemplate)
{
    /// <summary>Seconds that Docker gives a container to stop.</summary>
    private const long UsualGrace = 10;

    private readonly TaskSpec template = service.Read.TaskTemplate;
    private readonly ContainerSpec container = service.Read.TaskTemplate.ContainerSpec ?? new ContainerSpec();
    private readonly string serviceId = SwarmInformers.IdOf(service);

    // Of all nodes, once for all tasks.
    private readonly Lazy<V1NodeSelectorTerm?> constraints = new(() => NodeSelection.TermFor(Constraint.ParseAll(service.Read.TaskTemplate.Placement?.Constraints), nodes, view));

    /// <param name="startAfter">Until then it waits unscheduled; null: at once.</param>
    /// <param name="iteration">Of a job; null: it is none.</param>
    /// <param name="waitsFor">Which other service it waits for, in words; null: none.</param>
    public V1Pod For(TaskPlace place, DateTime now, DateTime? startAfter = null, long? iteration = null, string? waitsFor = null)
    {
        var id = SwarmId.New();
        var templates = new TaskTemplates(service, serviceId, id, place);
        var name = $"{ObjectNames.Label(service.Name)}.{place.Text}.{id}";
        var volumes = new TaskVolumes(container, templates.Fill, new RenderedFiles(name, isTemplate));
        var ports = (service.Read.EndpointSpec?.Ports ?? []).Where(port => port.IsHost).ToList();
        var built = new TaskContainer(service.Read, templates, volumes, ports).Build();
        var hostname = template.IsOnHost ? null : templates.Fill(string.IsNullOrEmpty(container.Hostname) ? id[..12] : container.Hostname);
        var annotations = Annotations(place, now, startAfter, iteration);
        if (hostname is not null && TaskTemplates.AsksForNode(hostname))
        {
            annotations[SwarmApi.Hostname] = hostname;
            hostname = null;
        }

        if (templates.NeedsNode || volumes.AreRendered)
        {
            annotations[SwarmApi.ServiceLabels] = JsonSerializer.Serialize(service.Read.Labels ?? new Dictionary<string, string>());
        }

        if (waitsFor is not null)
        {
            annotations[SwarmApi.WaitsFor] = waitsFor;
        }

        if (volumes.AreRendered)
        {
            annotations[SwarmApi.Rendered] = "true";
        }

        foreach (var (key, value) in TaskExtras.For(container, template.Resources, volumes))
        {
            annotations[key] = value;
        }

        return new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = Labels(id, place),
                Annotations = annotations,
                Finalizers = [SwarmApi.History],
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmService", Name = service.Metadata.Name, Uid = service.Metadata.Uid, Controller = true, BlockOwnerDeletion = true,
                    },
                ],
            },
            Spec = new V1PodSpec
            {
                RestartPolicy = "Never",
                AutomountServiceAccountToken = false,
                ImagePullSecrets = RegistryAuth.IsKept(service) ? [new V1LocalObjectReference { Name = RegistryAuth.NameOf(service) }] : null,
                EnableServiceLinks = false,
                TerminationGracePeriodSeconds = container.StopGracePeriod is { } grace ? (long)Math.Ceiling(grace / 1e9) : UsualGrace,
                HostNetwork = template.IsOnHost ? true : null,
                Hostname = hostname is null ? null : ObjectNames.Hostname(hostname),
                ShareProcessNamespace = container.Init == true ? true : null,
                Os = built.Lifecycle is null ? null : new V1PodOS { Name = "linux" },
                SchedulingGates = startAfter is null && waitsFor is null ? null : [new V1PodSchedulingGate { Name = startAfter is null ? SwarmApi.WaitsFor : SwarmApi.StartAfter }],
                Affinity = TaskPlacement.AffinityFor(template, serviceId, place, constraints.Value, place.Node is null ? spread.Next() : []),
                TopologySpreadConstraints = place.Node is null ? TaskPlacement.SpreadFor(template, serviceId) : null,
                Tolerations = Tolerations(place),
                HostAliases = HostAliases(),
                DnsPolicy = "None",
                DnsConfig = Dns(),
                Volumes = volumes.Volumes,
                SecurityContext = new V1PodSecurityContext
                {
                    SupplementalGroups = container.Groups is { Count: > 0 } groups ? [.. groups.Select(group => long.Parse(group, CultureInfo.InvariantCulture))] : null,
                    Sysctls = container.Sysctls is { Count: > 0 } sysctls ? [.. sysctls.Select(pair => new V1Sysctl { Name = pair.Key, Value = pair.Value })] : null,
                },
                Containers = [built],
            },
        };
    }

    private Dictionary<string, string> Labels(string id, TaskPlace place)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [SwarmApi.TaskLabel] = "",
            [SwarmApi.TaskIdLabel] = id,
            [SwarmApi.ServiceIdLabel] = serviceId,
            [SwarmApi.ServiceNameLabel] = service.Name,
            [SwarmApi.TemplateHash] = service.Hash,
        };
        if (place.Node is null)
        {
            labels[SwarmApi.Slot] = place.Text;
            labels[TaskPlacement.LaneLabel] = TaskPlacement.LaneOf(template, place);
        }

        foreach (var network in template.Overlays)
        {
            labels[SwarmApi.NetworkLabelPrefix + network.Target] = "";
        }

        return labels;
    }

    private Dictionary<string, string> Annotations(TaskPlace place, DateTime now, DateTime? startAfter, long? iteration)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [SwarmApi.CreatedAt] = now.ToString("O"),
            [SwarmApi.TaskSpec] = service.Spec.TryGetProperty("TaskTemplate", out var spec) ? spec.GetRawText() : "{}",
        };
        if (place.Node is { } node)
        {
            annotations[SwarmApi.ForNode] = node;
        }

        if (startAfter is { } at)
        {
            annotations[SwarmApi.StartAfter] = at.ToString("O");
        }

        if (iteration is { } run)
        {
            annotations[SwarmApi.Iteration] = run.ToString(CultureInfo.InvariantCulture);
        }

        return annotations;
    }

    // Swarm moves tasks as soon as a node is down, and its global tasks are nobody's to evict.
    private static List<V1Toleration> Tolerations(TaskPlace place)
    {
        List<V1Toleration> all =
        [
            new() { Key = "node.kubernetes.io/not-ready", OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = 0 },
            new() { Key = "node.kubernetes.io/unreachable", OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = 0 },
        ];
        return place.Node is null ? all : [.. all, new() { Key = "node.kubernetes.io/disk-pressure", OperatorProperty = "Exists", Effect = "NoSchedule" }];
    }

    private List<V1HostAlias>? HostAliases() => container.Hosts is not { Count: > 0 } hosts ? null :
        [.. hosts.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1).Select(words => new V1HostAlias { Ip = words[0], Hostnames = words[1..] })];

    // Names of the task's networks come first: another service of the cluster may have the same name.
    private V1PodDNSConfig Dns()
    {
        var (given, domain) = (container.DNSConfig, options.ClusterDomain);
        return new V1PodDNSConfig
        {
            Nameservers = [options.ClusterDns, .. given?.Nameservers ?? []],
            Searches =
            [
                .. template.Overlays.Select(network => $"{EndpointPlan.DomainOf(network.Target)}.{domain}"),
                .. given?.Search ?? [], $"{service.Metadata.NamespaceProperty}.svc.{domain}", $"svc.{domain}", domain,
            ],
            Options =
            [
                new V1PodDNSConfigOption { Name = "ndots", Value = "5" },
                .. (given?.Options ?? []).Select(option => option.Split(':', 2)).Select(parts => new V1PodDNSConfigOption { Name = parts[0], Value = parts.Length > 1 ? parts[1] : null }),
            ],
        };
    }
}
