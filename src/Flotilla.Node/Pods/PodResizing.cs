using System.Text;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>How a running container comes to the resources its pod has been given.</summary>
internal enum ResizeKind
{
    None,
    InPlace,
    Restart,
}

/// <summary>
/// What the containers of one pod have, next to what they have been given. A container's first resources stand on it in
/// the runtime; later ones are remembered here and set again, at no harm, after a restart of the agent.
/// </summary>
internal sealed class PodResizing
{
    private const string RestartContainer = "RestartContainer";
    private static readonly string[] Resizable = ["cpu", "memory"];
    private readonly Dictionary<string, V1ResourceRequirements> set = new(StringComparer.Ordinal);

    /// <summary>Something given is not in force yet.</summary>
    public bool IsInProgress { get; set; }

    /// <summary>Why what was given could not be set; null: nothing went wrong.</summary>
    public string? Error { get; set; }

    public ResizeKind KindOf(V1Container container, ObservedContainer running)
    {
        var changed = Resizable.Where(resource => Differs(container.Resources, InForce(container, running), resource)).ToList();
        if (changed.Count == 0)
        {
            return ResizeKind.None;
        }
        return (container.ResizePolicy ?? []).Any(policy => changed.Contains(policy.ResourceName) && policy.RestartPolicy == RestartContainer)
            ? ResizeKind.Restart
            : ResizeKind.InPlace;
    }

    /// <summary>What a running container has; what it has been given when the runtime does not say.</summary>
    public V1ResourceRequirements? InForce(V1Container container, ObservedContainer running) =>
        set.GetValueOrDefault(running.Id)
        ?? (running.Status.Annotations.TryGetValue(RuntimeLabels.Resources, out var text) ? ObjectJson.Decode<V1ResourceRequirements>(Encoding.UTF8.GetBytes(text)) : container.Resources);

    public void Gave(ObservedContainer running, V1ResourceRequirements resources) => set[running.Id] = resources;

    /// <summary>How a container's resources are written on it.</summary>
    public static string Describe(V1Container container) => Encoding.UTF8.GetString(ObjectJson.Encode(container.Resources ?? new V1ResourceRequirements()).AsSpan());

    private static bool Differs(V1ResourceRequirements? wanted, V1ResourceRequirements? has, string resource) =>
        PodLimits.Quantity(wanted?.Requests, resource) != PodLimits.Quantity(has?.Requests, resource)
        || PodLimits.Quantity(wanted?.Limits, resource) != PodLimits.Quantity(has?.Limits, resource);
}
