using System.Collections.Concurrent;
using Flotilla.Client;
using Flotilla.Node.Plugins;
using Flotilla.Node.Plugins.Registration;

namespace Flotilla.Node.Csi;

/// <summary>The storage drivers of this node: each is asked what it can do and published as a part of the node while its socket is there.</summary>
internal sealed class CsiDrivers(NodeOptions options, IObjectClient client) : IPluginKind, IDisposable
{
    private readonly CsiNodeObject published = new(options, client);
    private readonly ConcurrentDictionary<string, CsiDriver> drivers = new(StringComparer.Ordinal);
    private bool isPublished;

    public string Type => "CSIPlugin";

    public IReadOnlyCollection<CsiDriver> All => [.. drivers.Values];

    public CsiDriver? Find(string name) => drivers.GetValueOrDefault(name);

    public async Task RegisterAsync(PluginInfo info, string endpoint, CancellationToken cancellationToken)
    {
        var driver = await CsiDriver.ConnectAsync(info.Name, endpoint, cancellationToken);
        await published.AddAsync(driver, cancellationToken);
        if (drivers.TryGetValue(info.Name, out var old))
        {
            old.Dispose();
        }
        drivers[info.Name] = driver;
    }

    public async Task ForgetAsync(string name, string endpoint, CancellationToken cancellationToken)
    {
        await published.RemoveAsync(name, cancellationToken);
        if (drivers.TryRemove(name, out var driver))
        {
            driver.Dispose();
        }
    }

    public async Task LookAfterAsync(CancellationToken cancellationToken)
    {
        if (!isPublished)
        {
            await published.EnsureAsync(cancellationToken);
            isPublished = true;
        }
    }

    public void Dispose()
    {
        foreach (var driver in drivers.Values)
        {
            driver.Dispose();
        }
    }
}
