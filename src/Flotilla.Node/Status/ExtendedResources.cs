using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>
/// Resources that the node does not have by itself: devices of plugins, and what others wrote into its status, which is
/// kept. Devices whose plugin has gone for good are told as none.
/// </summary>
internal sealed record ExtendedResources(IReadOnlyDictionary<string, (int All, int Healthy)> Devices)
{
    public static readonly ExtendedResources None = new(new Dictionary<string, (int, int)>(StringComparer.Ordinal));

    public ExtendedResources With(IReadOnlyDictionary<string, (int All, int Healthy)> now) =>
        new(Devices.Keys.Union(now.Keys, StringComparer.Ordinal).ToDictionary(resource => resource, resource => now.GetValueOrDefault(resource), StringComparer.Ordinal));

    /// <param name="known">The node's capacity as it was last written.</param>
    public Dictionary<string, ResourceQuantity> AddTo(Dictionary<string, ResourceQuantity> own, IDictionary<string, ResourceQuantity>? known, bool healthy)
    {
        foreach (var (resource, amount) in known ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
        {
            own.TryAdd(resource, amount);
        }

        foreach (var (resource, count) in Devices)
        {
            own[resource] = new ResourceQuantity((healthy ? count.Healthy : count.All).ToString(CultureInfo.InvariantCulture));
        }

        return own;
    }
}
