using System.Text;
using Flotilla.Storage;

namespace Flotilla.Server.Allocation;

/// <summary>
/// Of several servers one allocates at a time: whoever wrote the key last. A server that allocates after another takes
/// the term first, and sees then all that was allocated before. Safe from any thread.
/// </summary>
internal sealed class AllocationTerm(IStore store) : IDisposable
{
    private const string Key = "/flotilla/allocation-term";

    private readonly SemaphoreSlim gate = new(1);
    private readonly byte[] holder = Encoding.ASCII.GetBytes(Guid.NewGuid().ToString());
    private Revision held;

    /// <summary>The fence that writes need which allocate; null: nobody else could.</summary>
    public async ValueTask<Fence?> HoldAsync(CancellationToken cancellationToken)
    {
        if (!store.IsShared)
        {
            return null;
        }

        await gate.WaitAsync(cancellationToken);
        try
        {
            if (await store.GetAsync(Key, cancellationToken) is not { } entry || entry.Modified != held)
            {
                held = (await store.WriteAsync(new WriteRequest(Key, holder, Precondition.Any), cancellationToken)).Revision;
            }

            return new Fence(Key, held);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();
}
