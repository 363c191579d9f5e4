using System.Globalization;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>A node as a place where load balancers are reached.</summary>
/// <param name="IsAvailable">Ready, and not excluded by its label.</param>
/// <param name="Addresses">Those for the world outside when it has any, else the inner ones.</param>
/// <param name="IngressPorts">Those that its ingress listens on.</param>
internal sealed record BalancerNode(string Name, bool IsAvailable, IReadOnlyList<string> Addresses, IReadOnlyList<int> IngressPorts)
{
    private const string Excluded = "node.kubernetes.io/exclude-from-external-load-balancers";

    public static BalancerNode For(V1Node node)
    {
        var ready = node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;
        var excluded = node.Metadata.Labels?.ContainsKey(Excluded) == true;
        return new BalancerNode(node.Metadata.Name, ready && !excluded && !node.IsDeleting(), AddressesOf(node), PortsOf(node));
    }

    /// <summary>Heartbeats make no difference.</summary>
    public bool IsSameAs(BalancerNode other) =>
        IsAvailable == other.IsAvailable && Addresses.SequenceEqual(other.Addresses, StringComparer.Ordinal) && IngressPorts.SequenceEqual(other.IngressPorts);

    private static List<string> AddressesOf(V1Node node)
    {
        var all = node.Status?.Addresses ?? [];
        var outer = all.Where(address => address.Type == "ExternalIP").Select(address => address.Address).ToList();
        return outer.Count > 0 ? outer : [.. all.Where(address => address.Type == "InternalIP").Select(address => address.Address)];
    }

    private static List<int> PortsOf(V1Node node) => node.Metadata.Annotations?.TryGetValue(LoadBalancing.IngressPortsAnnotation, out var text) == true
        ? [.. text.Split(',').Select(port => int.TryParse(port.Split('=')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)]
        : [];
}
