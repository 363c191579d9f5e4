using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Flotilla.Storage;

/// <summary>
/// Encrypts what is stored under some prefixes. Whoever reads sees plain bytes; each value is decrypted once and kept
/// beside the stored one as long as that is in memory. Values written before, in the clear or with older keys, stay
/// readable until <see cref="RewriteAsync"/> has reached them. The inner store is the caller's.
/// </summary>
public sealed class EncryptedStore(IStore inner, EncryptionKeys keys, IReadOnlyList<string> prefixes) : IStore
{
    private const int RewritePage = 500;

    private readonly ConditionalWeakTable<byte[], byte[]> opened = [];

    public bool IsShared => inner.IsShared;

    public StoreHealth Health => inner.Health;

    public CommitTimes? Commits => inner.Commits;

    public Revision Current => inner.Current;

    public Revision Compacted => inner.Compacted;

    public ValueTask CatchUpAsync(CancellationToken cancellationToken) => inner.CatchUpAsync(cancellationToken);

    public ValueTask<StoredEntry?> GetAsync(string key, CancellationToken cancellationToken) =>
        IsEncrypted(key) ? OpenAsync(inner.GetAsync(key, cancellationToken)) : inner.GetAsync(key, cancellationToken);

    public async Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision? at, CancellationToken cancellationToken)
    {
        var list = await inner.ListAsync(prefix, startAfter, limit, at, cancellationToken);
        return Concerns(prefix) ? list with { Entries = [.. list.Entries.Select(Open)] } : list;
    }

    public async Task<WriteResult> WriteAsync(WriteRequest request, CancellationToken cancellationToken)
    {
        if (!IsEncrypted(request.Key))
        {
            return await inner.WriteAsync(request, cancellationToken);
        }

        var result = await inner.WriteAsync(request.Value is { } plain ? request with { Value = Seal(request.Key, plain) } : request, cancellationToken);
        return result.Current is { } current ? result with { Current = Open(current) } : result;
    }

    public async IAsyncEnumerable<IReadOnlyList<StoreEvent>> WatchAsync(string prefix, Revision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in inner.WatchAsync(prefix, after, cancellationToken))
        {
            yield return batch.Any(change => IsEncrypted(change.Key)) ? [.. batch.Select(Open)] : batch;
        }
    }

    public Task CompactAsync(Revision through, CancellationToken cancellationToken) => inner.CompactAsync(through, cancellationToken);

    /// <summary>Writes once more, with the newest key, whatever is not under it yet. Returns how many values that were.</summary>
    public async Task<int> RewriteAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var prefix in prefixes)
        {
            string? last = null;
            StoreList page;
            do
            {
                page = await inner.ListAsync(prefix, last, RewritePage, null, cancellationToken);
                foreach (var entry in page.Entries.Where(IsOutdated))
                {
                    // Changed meanwhile means written with the newest key.
                    var result = await WriteAsync(new WriteRequest(entry.Key, Open(entry).Value, Precondition.MustBeAt(entry.Modified)), cancellationToken);
                    count += result.Outcome == WriteOutcome.Written ? 1 : 0;
                }

                last = page.Entries.Count > 0 ? page.Entries[^1].Key : null;
            }
            while (page.HasMore);
        }

        return count;
    }

    /// <summary>Of the key that a stored value is encrypted with; null: it is in the clear.</summary>
    public static string? KeyIdOf(ReadOnlyMemory<byte> stored) => Envelope.IsSealed(stored.Span) ? Envelope.KeyIdOf(stored.Span) : null;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsEncrypted(string key)
    {
        foreach (var prefix in prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private bool Concerns(string prefix) => IsEncrypted(prefix) || prefixes.Any(encrypted => encrypted.StartsWith(prefix, StringComparison.Ordinal));

    private bool IsOutdated(StoredEntry entry) => !Envelope.IsSealed(entry.Value.Span) || Envelope.KeyIdOf(entry.Value.Span) != keys.Current.Id;

    private async ValueTask<StoredEntry?> OpenAsync(ValueTask<StoredEntry?> reading) => await reading is { } entry ? Open(entry) : null;

    private StoredEntry Open(StoredEntry entry) => entry with { Value = Open(entry.Key, entry.Value) };

    private StoreEvent Open(StoreEvent change) => IsEncrypted(change.Key)
        ? change with { Value = Open(change.Key, change.Value), Previous = Open(change.Key, change.Previous) }
        : change;

    private ReadOnlyMemory<byte>? Open(string key, ReadOnlyMemory<byte>? value) => value is { } stored ? Open(key, stored) : default(ReadOnlyMemory<byte>?);

    private ReadOnlyMemory<byte> Open(string key, ReadOnlyMemory<byte> stored)
    {
        if (!IsEncrypted(key) || !Envelope.IsSealed(stored.Span))
        {
            return stored;
        }

        // Only a whole array can stand for its value.
        return MemoryMarshal.TryGetArray(stored, out var segment) && segment.Count == segment.Array!.Length
            ? opened.GetValue(segment.Array, bytes => Decrypt(key, bytes))
            : Decrypt(key, stored.Span);
    }

    private byte[] Seal(string key, ReadOnlyMemory<byte> plain)
    {
        var value = Envelope.Seal(key, plain.Span, keys.Current);
        opened.Add(value, plain.ToArray());
        return value;
    }

    private byte[] Decrypt(string key, ReadOnlySpan<byte> stored)
    {
        var id = Envelope.KeyIdOf(stored);
        if (keys.Find(id) is not { } found)
        {
            throw new StorageException($"{key} is encrypted with the key {id}, which is not among the cluster's encryption keys.");
        }

        try
        {
            return Envelope.Open(key, stored, found);
        }
        catch (CryptographicException error)
        {
            throw new StorageException($"{key} does not open with the key {id}: it was changed or damaged.", error);
        }
    }
}
