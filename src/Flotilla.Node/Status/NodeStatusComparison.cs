using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>Whether two statuses say the same, heartbeat times aside.</summary>
internal static class NodeStatusComparison
{
    public static bool Same(V1NodeStatus? left, V1NodeStatus right) =>
        left is not null && ObjectJson.Encode(WithoutTimes(left)).AsSpan().SequenceEqual(ObjectJson.Encode(WithoutTimes(right)));

    private static V1NodeStatus WithoutTimes(V1NodeStatus status) => status with
    {
        Conditions =
        [
            .. (status.Conditions ?? [])
                .Select(condition => condition with { LastHeartbeatTime = null, LastTransitionTime = null })
                .OrderBy(condition => condition.Type, StringComparer.Ordinal),
        ],
        Capacity = Sorted(status.Capacity),
        Allocatable = Sorted(status.Allocatable),
    };

    private static Dictionary<string, ResourceQuantity> Sorted(IDictionary<string, ResourceQuantity>? quantities) =>
        (quantities ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary(pair => pair.Key, pair => new ResourceQuantity(pair.Value.CanonicalizeString()), StringComparer.Ordinal);
}
