using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>What a service is to have: addresses, the node that answers for them, and in words why, or why not.</summary>
/// <param name="Node">null: the addresses are the nodes' own.</param>
/// <param name="Reason">Of the condition, like <c>PoolExhausted</c>.</param>
internal sealed record BalancerPlan(IReadOnlyList<string> Addresses, string? Node, string Reason, string Message)
{
    public const string Assigned = "Assigned";

    public bool IsAssigned => Reason == Assigned;

    /// <param name="others">All other services with load balancers of ours, with what they hold now.</param>
    /// <param name="local">The nodes with ready endpoints of the service.</param>
    public static BalancerPlan For(V1Service service, IReadOnlyCollection<V1Service> others, AddressPool pool, IReadOnlyCollection<BalancerNode> nodes, IReadOnlySet<string> local, IReadOnlySet<int> reserved)
    {
        var usable = nodes.Where(node => node.IsAvailable && (!BalancedService.IsLocal(service) || local.Contains(node.Name))).OrderBy(node => node.Name, StringComparer.Ordinal).ToList();
        return pool.IsEmpty
            ? new NodeAddresses(service, others, reserved).Plan(usable)
            : new PoolAddresses(service, others, pool).Plan(usable, nodes);
    }

    public static BalancerPlan Refused(string reason, string message) => new([], null, reason, message);

    public static string Name(V1Service service) => new ObjectKey(service.Metadata.NamespaceProperty, service.Metadata.Name).ToString();
}
