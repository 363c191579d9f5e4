using Flotilla.Node.Plugins;
using Flotilla.Node.Plugins.Registration;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.DynamicResources;

/// <summary>
/// The drivers of dynamic resources on this node. There may be several instances of one while it is replaced; the
/// latest is asked. Changed by the plugins' loop alone; any thread may look for one.
/// </summary>
internal sealed class DraDrivers(DeviceSlices slices, DeviceHealths healths, TimeProvider time, ILogger<DraDrivers> logger) : IPluginKind, IDisposable
{
    // Long enough for a pod to be replaced by another.
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Instance>> drivers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> goneSince = new(StringComparer.Ordinal);
    private bool isStarted;

    public string Type => "DRAPlugin";

    /// <exception cref="DynamicResourceException">There is none of that name.</exception>
    public DraDriver Find(string name)
    {
        var instances = Of(name).ConvertAll(instance => instance.Driver);
        return instances.LastOrDefault(instance => instance.IsConnectable())
            ?? instances.LastOrDefault()
            ?? throw new DynamicResourceException($"DRA driver {name} is not registered");
    }

    public Task RegisterAsync(PluginInfo info, string endpoint, CancellationToken cancellationToken)
    {
        var driver = new DraDriver(info.Name, endpoint, info.SupportedVersions);
        var fresh = new Instance(driver, new HealthWatch(driver, healths, time, logger));
        lock (gate)
        {
            Remove(info.Name, endpoint);
            drivers[info.Name] = [.. drivers.GetValueOrDefault(info.Name, []), fresh];
        }
        return Task.CompletedTask;
    }

    public Task ForgetAsync(string name, string endpoint, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            Remove(name, endpoint);
            goneSince.TryAdd(name, time.GetUtcNow());
        }
        return Task.CompletedTask;
    }

    public async Task LookAfterAsync(CancellationToken cancellationToken)
    {
        if (!isStarted)
        {
            // Whoever is here will publish again; whoever is not has nothing to offer.
            await slices.RemoveAsync(null, cancellationToken);
            isStarted = true;
        }
        healths.DropOld();
        var now = time.GetUtcNow();
        foreach (var name in Names())
        {
            if (Of(name).Any(instance => instance.Driver.IsConnectable()))
            {
                goneSince.Remove(name);
            }
            else if (goneSince.TryAdd(name, now))
            {
                // From now on it is waited for.
            }
            else if (now - goneSince[name] >= Absence)
            {
                await slices.RemoveAsync(name, cancellationToken);
                Settle(name);
            }
        }
    }

    public void Dispose()
    {
        foreach (var instance in drivers.Values.SelectMany(instances => instances))
        {
            instance.Dispose();
        }
    }

    private List<string> Names()
    {
        lock (gate)
        {
            return [.. drivers.Keys.Union(goneSince.Keys, StringComparer.Ordinal)];
        }
    }

    private List<Instance> Of(string name)
    {
        lock (gate)
        {
            return drivers.GetValueOrDefault(name, []);
        }
    }

    // One that hangs keeps its socket, and what it publishes is removed again after as long a time.
    private void Settle(string name)
    {
        if (Of(name).Count == 0)
        {
            goneSince.Remove(name);
        }
        else
        {
            goneSince[name] = time.GetUtcNow();
        }
    }

    // Under the gate. A new list each time: others may be looking through the old one.
    private void Remove(string name, string endpoint)
    {
        if (!drivers.TryGetValue(name, out var instances))
        {
            return;
        }
        instances.Find(instance => instance.Driver.Endpoint == endpoint)?.Dispose();
        drivers[name] = [.. instances.Where(instance => instance.Driver.Endpoint != endpoint)];
        if (drivers[name].Count == 0)
        {
            drivers.Remove(name);
        }
    }

    private sealed record Instance(DraDriver Driver, HealthWatch Health) : IDisposable
    {
        public void Dispose()
        {
            Health.Dispose();
            Driver.Dispose();
        }
    }
}
