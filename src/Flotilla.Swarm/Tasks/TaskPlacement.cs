using System.Globalization;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Scheduling;
using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>Swarm's placement in the scheduler's terms.</summary>
internal static class TaskPlacement
{
    /// <summary>Label of tasks: see <see cref="LaneOf"/>.</summary>
    public const string LaneLabel = SwarmApi.Group + "/lane";
    private const string HostName = "kubernetes.io/hostname";

    /// <summary>
    /// At most N tasks of a service on a node: tasks go round N lanes, and no two of a lane share a node.
    /// </summary>
    public static string LaneOf(TaskSpec template, TaskPlace place) =>
        template.Placement?.MaxReplicas is > 0 and var most ? ((ulong)place.Slot % most).ToString(CultureInfo.InvariantCulture) : "";

    /// <param name="constraints">The service's, for tasks that are for no node; null: there are none.</param>
    /// <param name="preferred">Where the task had best go; empty: anywhere.</param>
    public static V1Affinity? AffinityFor(TaskSpec template, string serviceId, TaskPlace place, V1NodeSelectorTerm? constraints, IList<V1PreferredSchedulingTerm> preferred)
    {
        var term = place.Node is { } node ? NodeSelection.OnNode(node) : constraints;
        var lane = place.Node is null ? LaneOf(template, place) : "";
        return term is null && lane.Length == 0 && preferred.Count == 0 ? null : new V1Affinity
        {
            NodeAffinity = term is null && preferred.Count == 0 ? null : new V1NodeAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution = term is null ? null : new V1NodeSelector { NodeSelectorTerms = [term] },
                PreferredDuringSchedulingIgnoredDuringExecution = preferred.Count == 0 ? null : preferred,
            },
            PodAntiAffinity = lane.Length == 0 ? null : new V1PodAntiAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution =
                [
                    new V1PodAffinityTerm
                    {
                        TopologyKey = HostName,
                        LabelSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [SwarmApi.ServiceIdLabel] = serviceId, [LaneLabel] = lane } },
                    },
                ],
            },
        };
    }

    /// <summary>Over nodes, or over what the first preference names: the rest of those is <see cref="SpreadTree"/>'s.</summary>
    public static List<V1TopologySpreadConstraint> SpreadFor(TaskSpec template, string serviceId) =>
    [
        new V1TopologySpreadConstraint
        {
            MaxSkew = 1,
            TopologyKey = Preferences(template).Select(NodeSelection.LabelOf).OfType<string>().FirstOrDefault(HostName),
            WhenUnsatisfiable = "ScheduleAnyway",
            LabelSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [SwarmApi.ServiceIdLabel] = serviceId } },
        },
    ];

    public static IEnumerable<string> Preferences(TaskSpec template) => (template.Placement?.Preferences ?? []).Select(preference => preference.Spread?.SpreadDescriptor ?? "");
}
