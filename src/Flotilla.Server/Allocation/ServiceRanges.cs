using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Allocation;

/// <summary>The ranges that ServiceCIDR objects add to the cluster's first: ready, and not on their way out.</summary>
public sealed class ServiceRanges(IStore store)
{
    private const string First = "kubernetes";

    public async ValueTask<IReadOnlyList<AddressRange>> ReadAsync(CancellationToken cancellationToken)
    {
        var stored = await store.ListAsync(NetworkingKinds.ServiceCidr.StoragePrefix, null, 0, null, cancellationToken);
        return
        [
            .. stored.Entries.Select(entry => StoredObject.Decode(entry.Value, entry.Modified))
                .Where(range => range.Object("metadata").String("name") != First && range.Object("metadata").String("deletionTimestamp") is null && IsReady(range))
                .SelectMany(range => range.Object("spec").Array("cidrs") ?? [])
                .Select(cidr => AddressRange.Parse(cidr.AsString() ?? ""))
                .OfType<AddressRange>(),
        ];
    }

    private static bool IsReady(JsonObject range) =>
        range.Object("status").Objects("conditions").Any(condition => condition.String("type") == "Ready" && condition.String("status") == "True");
}
