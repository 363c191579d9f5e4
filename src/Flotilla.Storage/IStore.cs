namespace Flotilla.Storage;

/// <summary>
/// An ordered map from keys to bytes with a history. A write is durable before it completes and is visible to
/// every read that begins afterwards. All members may be called from any thread. Several servers may share what is
/// stored; then reads show at least what was written here, and what the others wrote after <see cref="CatchUpAsync"/>.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>Whether other servers may write the same data.</summary>
    bool IsShared => false;

    /// <summary>Whether it can do at present what it is for.</summary>
    StoreHealth Health => StoreHealth.Good;

    /// <summary>null: the store commits nothing itself.</summary>
    CommitTimes? Commits => null;

    /// <summary>The newest committed write that reads here show.</summary>
    Revision Current { get; }

    /// <summary>What was superseded at or before this is forgotten.</summary>
    Revision Compacted { get; }

    /// <summary>Whatever was acknowledged before, by any server, is visible to every read that begins afterwards.</summary>
    /// <exception cref="StorageException">Nobody knows what the others wrote.</exception>
    ValueTask CatchUpAsync(CancellationToken cancellationToken);

    ValueTask<StoredEntry?> GetAsync(string key, CancellationToken cancellationToken);

    /// <param name="startAfter">Only keys greater than this one.</param>
    /// <param name="limit">At most so many entries; 0: all.</param>
    /// <param name="at">The state right after that write; null: the newest.</param>
    /// <exception cref="CompactedException">That state is forgotten.</exception>
    Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision? at, CancellationToken cancellationToken);

    /// <exception cref="FencedException">The fence has moved.</exception>
    /// <exception cref="UnknownOutcomeException">The store went away meanwhile.</exception>
    /// <exception cref="OutOfSpaceException">The disk is full.</exception>
    /// <exception cref="StorageException">The write did not happen.</exception>
    Task<WriteResult> WriteAsync(WriteRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Batches of the writes after <paramref name="after"/>, in order, none lost or repeated. However slowly it is
    /// read, a watch holds no more than one batch in memory.
    /// </summary>
    /// <exception cref="CompactedException">The next events are forgotten.</exception>
    IAsyncEnumerable<IReadOnlyList<StoreEvent>> WatchAsync(string prefix, Revision after, CancellationToken cancellationToken);

    /// <summary>Forgets superseded versions and deletions at or before <paramref name="through"/>.</summary>
    Task CompactAsync(Revision through, CancellationToken cancellationToken);
}
