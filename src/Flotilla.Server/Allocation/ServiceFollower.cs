using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Authorization;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Allocation;

/// <summary>Tells the allocator what the stored Services hold, whichever server wrote them.</summary>
internal sealed class ServiceFollower(IStore store, ServiceAllocator allocator, ILogger<ServiceFollower> logger)
    : StoreFollower(store, [CoreKinds.Service.StoragePrefix], logger)
{
    protected override void Reset(IReadOnlyList<StoredEntry> entries)
    {
        allocator.Clear();
        foreach (var entry in entries)
        {
            Apply(entry.Key, entry.Value);
        }
    }

    protected override void Apply(string key, ReadOnlyMemory<byte>? value) =>
        allocator.Set(key, value is { } stored ? (JsonObject)GoJson.Parse(stored.Span)! : null);
}
