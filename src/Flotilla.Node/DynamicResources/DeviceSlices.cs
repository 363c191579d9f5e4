using Flotilla.Client;

namespace Flotilla.Node.DynamicResources;

/// <summary>
/// What drivers have published of this node's devices. It is taken back when a driver is gone for long: pods that were
/// sent here because of it would wait for ever.
/// </summary>
internal sealed class DeviceSlices(NodeOptions options, IObjectClient client)
{
    /// <param name="driver">null: all drivers'.</param>
    public async Task RemoveAsync(string? driver, CancellationToken cancellationToken)
    {
        var selector = $"spec.nodeName={options.NodeName}{(driver is null ? "" : $",spec.driver={driver}")}";
        await client.SendAsync(
            HttpMethod.Delete, $"/apis/resource.k8s.io/v1/resourceslices?fieldSelector={Uri.EscapeDataString(selector)}", null, ReadOnlyMemory<byte>.Empty, cancellationToken);
    }
}
