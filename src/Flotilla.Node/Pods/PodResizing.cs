using System.Globalization;
using System.Text;
using Flotilla.Api;
using Flotilla.Node.Cri;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>How a running container comes to the resources its pod asks for now.</summary>
internal enum ResizeKind
{
    None,
    InPlace,
    Restart,
}

/// <summary>
/// What the containers of one pod have, next to what the pod asks for. A container's first resources stand on it in the
/// runtime; later ones are remembered here and given again, at no harm, after a restart of the agent.
/// </summary>
internal sealed class PodResizing(Func<string, decimal?> nodeAmount)
{
    private const string RestartContainer = "RestartContainer";
    private static readonly string[] Resizable = ["cpu", "memory"];
    private readonly Dictionary<string, V1ResourceRequirements> given = new(StringComparer.Ordinal);

    /// <summary>Why the pod cannot have what it asks for on this node; null: it can.</summary>
    public (string Reason, string Message)? Pending(V1Pod pod)
    {
        foreach (var resource in Resizable)
        {
            var wanted = PodLimits.Total(pod, container => PodLimits.Quantity(container.Resources?.Requests, resource) ?? 0);
            if (nodeAmount(resource) is { } amount && wanted > amount)
            {
                var unit = resource == "cpu" ? 1000 : 1;
                return ("Infeasible", string.Create(CultureInfo.InvariantCulture, $"Node didn't have enough capacity: {resource}, requested: {(long)(wanted * unit)}, capacity: {(long)(amount * unit)}"));
            }
        }
        return null;
    }

    public ResizeKind KindOf(V1Pod pod, V1Container container, ObservedContainer running)
    {
        var changed = Resizable.Where(resource => Differs(container.Resources, InForce(container, running), resource)).ToList();
        if (changed.Count == 0 || Pending(pod) is not null)
        {
            return ResizeKind.None;
        }
        return (container.ResizePolicy ?? []).Any(policy => changed.Contains(policy.ResourceName) && policy.RestartPolicy == RestartContainer)
            ? ResizeKind.Restart
            : ResizeKind.InPlace;
    }

    /// <summary>What a running container has; what it asks for when the runtime does not say.</summary>
    public V1ResourceRequirements? InForce(V1Container container, ObservedContainer running) =>
        given.GetValueOrDefault(running.Id)
        ?? (running.Status.Annotations.TryGetValue(RuntimeLabels.Resources, out var text) ? ObjectJson.Decode<V1ResourceRequirements>(Encoding.UTF8.GetBytes(text)) : container.Resources);

    public void Gave(ObservedContainer running, V1ResourceRequirements resources) => given[running.Id] = resources;

    /// <summary>How a container's resources are written on it.</summary>
    public static string Describe(V1Container container) => Encoding.UTF8.GetString(ObjectJson.Encode(container.Resources ?? new V1ResourceRequirements()).AsSpan());

    private static bool Differs(V1ResourceRequirements? wanted, V1ResourceRequirements? has, string resource) =>
        PodLimits.Quantity(wanted?.Requests, resource) != PodLimits.Quantity(has?.Requests, resource)
        || PodLimits.Quantity(wanted?.Limits, resource) != PodLimits.Quantity(has?.Limits, resource);
}
