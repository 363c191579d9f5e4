using System.Text.Json.Nodes;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Allocation;

/// <summary>Addresses and ports of Services in a cluster of several servers: none is given twice.</summary>
public sealed class ServiceAllocations : IAsyncDisposable
{
    private readonly ServiceAllocator allocator;
    private readonly ServiceFollower follower;
    private readonly AllocationTerm term;
    private readonly ServiceRanges ranges;

    public ServiceAllocations(IStore store, string serviceCidr, ILoggerFactory loggers)
    {
        allocator = new ServiceAllocator(serviceCidr);
        follower = new ServiceFollower(store, allocator, loggers.CreateLogger<ServiceFollower>());
        term = new AllocationTerm(store);
        ranges = new ServiceRanges(store);
    }

    /// <summary>Returns when everything stored is known.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => follower.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => follower.StopAsync(cancellationToken);

    /// <summary>Fills in what <paramref name="service"/> needs; refuses what is taken or out of range.</summary>
    public async ValueTask<Reservation> ReserveAsync(JsonObject service, JsonObject? old, CancellationToken cancellationToken)
    {
        var fence = await term.HoldAsync(cancellationToken);
        await follower.ReachAsync(cancellationToken);
        return allocator.Reserve(service, old, await ranges.ReadAsync(cancellationToken), fence);
    }

    public ValueTask DisposeAsync()
    {
        follower.Dispose();
        term.Dispose();
        return ValueTask.CompletedTask;
    }
}
