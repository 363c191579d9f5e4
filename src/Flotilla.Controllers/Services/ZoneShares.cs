using Flotilla.Api.Quantities;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>How much of the cluster's processors each zone has; null shares: that cannot be told. Pure.</summary>
/// <param name="Shares">Of 1, by zone.</param>
internal sealed record ZoneShares(IReadOnlyDictionary<string, double>? Shares)
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";
    private static readonly string[] Apart = [ServerLeases.NodeLabel, "node-role.kubernetes.io/master"];

    /// <summary>Of the nodes that are ready and run everybody's pods. One of them that does not tell makes all unknown.</summary>
    public static ZoneShares For(IEnumerable<V1Node> nodes)
    {
        var byZone = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var node in nodes.Where(IsCounted))
        {
            if (ZoneOf(node) is not { Length: > 0 } zone || ProcessorsOf(node) == 0)
            {
                return new ZoneShares(Shares: null);
            }

            byZone[zone] = byZone.GetValueOrDefault(zone) + ProcessorsOf(node);
        }

        var all = byZone.Values.Sum();
        return new ZoneShares(byZone.Count < 2 ? null : byZone.ToDictionary(one => one.Key, one => one.Value / all, StringComparer.Ordinal));
    }

    /// <summary>Whether the change of a node makes a difference.</summary>
    public static bool AreSame(V1Node? left, V1Node? right) =>
        left is not null && right is not null && IsCounted(left) == IsCounted(right) && ZoneOf(left) == ZoneOf(right) && ProcessorsOf(left) == ProcessorsOf(right);

    private static bool IsCounted(V1Node node) =>
        node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true && !Apart.Any(label => node.Metadata.Labels?.ContainsKey(label) == true);

    private static string? ZoneOf(V1Node node) => node.Metadata.Labels is { } labels && labels.TryGetValue(ZoneLabel, out var zone) ? zone : null;

    private static double ProcessorsOf(V1Node node) =>
        node.Status?.Allocatable is { } all && all.TryGetValue("cpu", out var cpu) && Quantity.TryParse(cpu.ToString(), out var value, out _) ? (double)value.MilliValue : 0;
}
