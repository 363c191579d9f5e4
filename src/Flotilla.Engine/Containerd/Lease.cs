using System.Globalization;
using Flotilla.Engine.Containers;
using Flotilla.Linux.Containerd;
using Grpc.Core;
using Differ = Flotilla.Linux.Containerd.Diff;

namespace Flotilla.Engine.Containerd;

/// <summary>
/// Keeps what is made until something refers to it: containerd collects the rest at any time. What was made and is not referred to when the lease is
/// disposed goes. One that an ended process has left runs out by itself.
/// </summary>
internal sealed class Lease : IAsyncDisposable
{
    private const string ExpiryLabel = "containerd.io/gc.expire";
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);
    private readonly Runtime runtime;
    private readonly string id;

    private Lease(Runtime runtime, string id)
    {
        this.runtime = runtime;
        this.id = id;
        var calls = runtime.Calls(id);
        Snapshots = new Snapshots.SnapshotsClient(calls);
        Content = new Content.ContentClient(calls);
        Diff = new Differ.DiffClient(calls);
    }

    public Snapshots.SnapshotsClient Snapshots { get; }

    public Content.ContentClient Content { get; }

    public Differ.DiffClient Diff { get; }

    public static async Task<Lease> OpenAsync(Runtime runtime, TimeProvider time, CancellationToken cancellationToken)
    {
        var id = "engine-" + Ids.New()[..16];
        var expiry = (time.GetUtcNow() + Longest).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await runtime.Leases.CreateAsync(new CreateLeaseRequest { Id = id, Labels = { [ExpiryLabel] = expiry } }, cancellationToken: cancellationToken);
        return new Lease(runtime, id);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await runtime.Leases.DeleteAsync(new DeleteLeaseRequest { Id = id });
        }
        catch (RpcException)
        {
            // containerd has ended; it expires.
        }
    }
}
