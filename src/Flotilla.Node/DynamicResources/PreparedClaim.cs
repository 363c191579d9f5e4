using System.Text.Json.Serialization;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Node.DynamicResources;

/// <summary>A claim that pods of this node use, and what its drivers made of it.</summary>
internal sealed record PreparedClaim(string Namespace, string Name, string Uid)
{
    /// <summary>The uids of those that use it.</summary>
    public IReadOnlyList<string> Pods { get; init; } = [];

    /// <summary>By driver; without devices while the driver has not answered.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PreparedDevice>> Drivers { get; init; } = new Dictionary<string, IReadOnlyList<PreparedDevice>>(StringComparer.Ordinal);

    /// <summary>Not kept in the file: after a restart of the machine what drivers had prepared is gone, and only they know.</summary>
    [JsonIgnore]
    public bool IsPrepared { get; init; }

    [JsonIgnore]
    public ObjectKey Key => new(Namespace, Name);

    public static PreparedClaim For(Resourcev1ResourceClaim claim) => new(claim.Metadata.NamespaceProperty, claim.Metadata.Name, claim.Metadata.Uid)
    {
        Drivers = (claim.Status.Allocation.Devices?.Results ?? []).Select(result => result.Driver).Distinct(StringComparer.Ordinal)
            .ToDictionary(driver => driver, _ => (IReadOnlyList<PreparedDevice>)[], StringComparer.Ordinal),
    };

    /// <param name="requests">Of the claim; empty: all.</param>
    public IEnumerable<(string Driver, PreparedDevice Device)> DevicesOf(IReadOnlyCollection<string> requests) =>
        from driver in Drivers
        from device in driver.Value
        where requests.Count == 0 || device.Requests.Count == 0 || device.Requests.Any(requests.Contains)
        select (driver.Key, device);

    public Api.Claim ForDriver() => new() { Namespace = Namespace, Name = Name, Uid = Uid };
}

/// <param name="Requests">Of the claim; empty: all.</param>
/// <param name="Names">Fully qualified names of the Container Device Interface.</param>
internal sealed record PreparedDevice(string Pool, string Name, string? ShareId, IReadOnlyList<string> Requests, IReadOnlyList<string> Names)
{
    public static PreparedDevice From(Api.Device device) =>
        new(device.PoolName, device.DeviceName, device.HasShareId ? device.ShareId : null, [.. device.RequestNames], [.. device.CdiDeviceIds]);
}
