using System.Text.Json.Nodes;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Controllers.Services;

internal static class EndpointComparison
{
    public static bool AreSame(IList<V1Endpoint>? left, List<V1Endpoint> right)
    {
        if ((left?.Count ?? 0) != right.Count)
        {
            return false;
        }

        for (var index = 0; index < right.Count; index++)
        {
            if (!AreSame(left![index], right[index]))
            {
                return false;
            }
        }

        return true;
    }

    public static bool AreSame(IDictionary<string, string>? left, Dictionary<string, string> right) =>
        (left?.Count ?? 0) == right.Count && TypedSelector.Matches(right, left);

    public static bool AreSame(IList<V1EndpointSubset>? left, List<V1EndpointSubset> right) =>
        (left?.Count ?? 0) == right.Count
        && (right.Count == 0 || JsonNode.DeepEquals(JsonNode.Parse(ObjectJson.Encode(left)), JsonNode.Parse(ObjectJson.Encode(right))));

    private static bool AreSame(V1Endpoint left, V1Endpoint right) =>
        left.Addresses.SequenceEqual(right.Addresses)
        && left.Conditions?.Ready == right.Conditions.Ready
        && left.Conditions?.Serving == right.Conditions.Serving
        && left.Conditions?.Terminating == right.Conditions.Terminating
        && left.Hostname == right.Hostname
        && left.NodeName == right.NodeName
        && left.Zone == right.Zone
        && AreSame(left.Hints, right.Hints)
        && left.TargetRef?.Uid == right.TargetRef.Uid;

    private static bool AreSame(V1EndpointHints? left, V1EndpointHints? right) =>
        Enumerable.SequenceEqual(left?.ForZones?.Select(zone => zone.Name) ?? [], right?.ForZones?.Select(zone => zone.Name) ?? [])
        && Enumerable.SequenceEqual(left?.ForNodes?.Select(node => node.Name) ?? [], right?.ForNodes?.Select(node => node.Name) ?? []);
}
