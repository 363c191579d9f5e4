using System.Globalization;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Pods that ask for more than is left.</summary>
internal sealed class ResourceCheck(NodeCapacity capacity) : IAdmissionCheck
{
    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        if (view.Others.Count + 1 > capacity.MaxPods)
        {
            return Lacking("pods", 1, view.Others.Count, capacity.MaxPods);
        }
        foreach (var resource in PodRequests.Names(pod).Where(resource => IsCounted(resource, view.Node)))
        {
            var wanted = PodRequests.Of(pod, resource);
            var used = view.Others.Sum(other => PodRequests.Of(other, resource));
            var amount = AmountOf(resource, view.Node);
            if (wanted > 0 && used + wanted > amount)
            {
                return Lacking(resource, Units(resource, wanted), Units(resource, used), Units(resource, amount));
            }
        }
        return null;
    }

    /// <summary>How much of what is lacking, by resource.</summary>
    public IReadOnlyDictionary<string, decimal> Lacks(V1Pod pod, AdmissionView view)
    {
        var lacks = new Dictionary<string, decimal>(StringComparer.Ordinal);
        if (view.Others.Count + 1 > capacity.MaxPods)
        {
            lacks["pods"] = view.Others.Count + 1 - capacity.MaxPods;
        }
        foreach (var resource in PodRequests.Names(pod).Where(resource => IsCounted(resource, view.Node) && PodRequests.Of(pod, resource) > 0))
        {
            var lack = view.Others.Append(pod).Sum(other => PodRequests.Of(other, resource)) - AmountOf(resource, view.Node);
            if (lack > 0)
            {
                lacks[resource] = lack;
            }
        }
        return lacks;
    }

    /// <summary>Why no departure of others would help; null: it could.</summary>
    public string? Infeasible(V1Pod pod)
    {
        foreach (var resource in (string[])["cpu", "memory"])
        {
            var (wanted, amount) = (PodRequests.Of(pod, resource), capacity.AmountOf(resource) ?? 0);
            if (wanted > amount)
            {
                return string.Create(CultureInfo.InvariantCulture, $"Node didn't have enough capacity: {resource}, requested: {Units(resource, wanted)}, capacity: {Units(resource, amount)}");
            }
        }
        return null;
    }

    // What the node knows nothing of is somebody else's to count: devices of claims, or resources of the whole cluster.
    private bool IsCounted(string resource, V1Node? node) =>
        !resource.Contains('/', StringComparison.Ordinal) || capacity.AmountOf(resource) is not null || node?.Status?.Allocatable?.ContainsKey(resource) == true;

    private decimal AmountOf(string resource, V1Node? node) => capacity.AmountOf(resource)
        ?? (node?.Status?.Allocatable?.TryGetValue(resource, out var given) == true ? given.ToDecimal() : 0);

    private static Rejection Lacking(string resource, long wanted, long used, long amount) => new(
        Rejection.Lack + resource,
        string.Create(CultureInfo.InvariantCulture, $"Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {amount}"));

    // The processor is counted in thousandths.
    private static long Units(string resource, decimal amount) => (long)(resource == "cpu" ? Math.Ceiling(amount * 1000) : amount);
}
