using System.Globalization;

namespace Flotilla.Node.Devices;

/// <summary>Something of which a node has so many, as its administrator says; nothing is known of it but names.</summary>
/// <param name="Resource">As nodes offer it, e.g. <c>generic.swarm.flotilla.dev/gpu</c>.</param>
/// <param name="Variable">By which a container learns what it got.</param>
/// <param name="Devices">One each, by name.</param>
/// <param name="AreTold">Whether the names are told; else how many they are.</param>
public sealed record NamedResource(string Resource, string Variable, IReadOnlyList<string> Devices, bool AreTold);

/// <summary>Gives named resources to containers, each to one at a time.</summary>
internal sealed class NamedResourcePlugin(NamedResource named) : IDevicePlugin
{
    public string Resource => named.Resource;

    public IReadOnlyList<PluginDevice> Devices => [.. named.Devices.Select(name => new PluginDevice { ID = name, Health = "Healthy" })];

    public Task<IReadOnlyList<string>> PreferAsync(IReadOnlyList<string> available, IReadOnlyList<string> included, int count, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task<ContainerAllocateResponse> AllocateAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken) => Task.FromResult(new ContainerAllocateResponse
    {
        Envs = { [named.Variable] = named.AreTold ? string.Join(',', devices) : devices.Count.ToString(CultureInfo.InvariantCulture) },
    });

    public Task PreStartAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken) => Task.CompletedTask;
}
