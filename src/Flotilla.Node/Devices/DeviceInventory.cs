using Flotilla.Node.Placement;

namespace Flotilla.Node.Devices;

/// <summary>
/// The devices of all plugins, by resource. Those of a plugin that went away count as unhealthy; they are forgotten when
/// it does not return within <see cref="Grace"/>. Any thread may ask.
/// </summary>
internal sealed class DeviceInventory(TimeProvider time)
{
    /// <summary>Upstream's grace period for a stopped endpoint.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Stock> stocks = new(StringComparer.Ordinal);

    private sealed record Stock(IDevicePlugin? Plugin, IReadOnlyList<PluginDevice> Devices, DateTimeOffset? GoneSince);

    /// <summary>Raised when what the node has to offer has changed.</summary>
    public event Action? Changed;

    public void Arrive(IDevicePlugin plugin) => Change(plugin.Resource, known => new Stock(plugin, known?.Devices ?? [], null));

    /// <summary>Ignored when another plugin has taken its place.</summary>
    public void Tell(IDevicePlugin plugin, IReadOnlyList<PluginDevice> devices) =>
        Change(plugin.Resource, known => known?.Plugin == plugin ? known with { Devices = [.. devices] } : known);

    public void Leave(IDevicePlugin plugin) =>
        Change(plugin.Resource, known => known?.Plugin == plugin ? known with { Plugin = null, GoneSince = time.GetUtcNow() } : known);

    public bool Knows(string resource)
    {
        lock (gate)
        {
            return Find(resource) is not null;
        }
    }

    /// <summary>Number of devices, and of those that are healthy, by resource.</summary>
    public IReadOnlyDictionary<string, (int All, int Healthy)> Counts()
    {
        lock (gate)
        {
            return stocks.Keys.Where(resource => Find(resource) is not null).ToDictionary(resource => resource, resource => (stocks[resource].Devices.Count, Healthy(stocks[resource]).Count()), StringComparer.Ordinal);
        }
    }

    public (IDevicePlugin? Plugin, IReadOnlyList<PluginDevice> Healthy) Of(string resource)
    {
        lock (gate)
        {
            return Find(resource) is { } stock ? (stock.Plugin, [.. Healthy(stock)]) : (null, []);
        }
    }

    /// <summary>As a pod's status has it: <c>Healthy</c>, <c>Unhealthy</c>, or <c>Unknown</c> of one that no plugin has told of.</summary>
    public string HealthOf(string resource, string device)
    {
        lock (gate)
        {
            return Find(resource) is not { } stock || stock.Devices.All(known => known.ID != device) ? "Unknown"
                : Healthy(stock).Any(known => known.ID == device) ? "Healthy"
                : "Unhealthy";
        }
    }

    /// <summary>On which NUMA nodes each device lies; null: its plugin does not tell.</summary>
    public IReadOnlyDictionary<string, NumaMask?> Places(string resource)
    {
        lock (gate)
        {
            return (Find(resource)?.Devices ?? []).ToDictionary(
                device => device.ID,
                device => device.Topology is { Nodes.Count: > 0 } place ? NumaMask.Of(place.Nodes.Select(node => (int)node.ID).Where(node => node is >= 0 and < 64)) : (NumaMask?)null,
                StringComparer.Ordinal);
        }
    }

    private Stock? Find(string resource) => stocks.TryGetValue(resource, out var stock) && !(time.GetUtcNow() - stock.GoneSince > Grace) ? stock : null;

    private static IEnumerable<PluginDevice> Healthy(Stock stock) => stock.Plugin is null ? [] : stock.Devices.Where(device => device.Health == "Healthy");

    private void Change(string resource, Func<Stock?, Stock?> change)
    {
        lock (gate)
        {
            if (change(Find(resource)) is { } next)
            {
                stocks[resource] = next;
            }
        }

        Changed?.Invoke();
    }
}
