using System.Globalization;
using Flotilla.Storage.Etcd.Wire;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd;

/// <summary>The content of a store put into an etcd that has none yet.</summary>
public static class EtcdDump
{
    private const int InFlight = 64;

    /// <summary>The store's revisions go on after <paramref name="after"/>, whatever etcd's own are.</summary>
    /// <exception cref="StorageException">Something is stored there already, or etcd does not answer.</exception>
    public static async Task WriteAsync(
        EtcdOptions options, Revision after, IEnumerable<StoredEntry> entries, TimeProvider time, ILogger<EtcdStore> logger, CancellationToken cancellationToken)
    {
        using var connection = new EtcdConnection(options, time, logger);
        var keys = new EtcdKeys(options.Prefix);
        await ClaimAsync(connection, keys, after, cancellationToken);
        await using var store = await EtcdStore.OpenAsync(options, new StorageOptions(), time, logger, cancellationToken);
        await Parallel.ForEachAsync(entries, new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancellationToken }, async (entry, token) =>
            await store.WriteAsync(new WriteRequest(entry.Key, entry.Value, Precondition.MustNotExist), token));
        await store.CompactAsync(store.Current, cancellationToken);
    }

    private static async Task ClaimAsync(EtcdConnection connection, EtcdKeys keys, Revision after, CancellationToken cancellationToken)
    {
        var range = new RangeRequest { Key = keys.Of(""), RangeEnd = keys.EndOf(""), CountOnly = true };
        var found = (await connection.CallAsync((member, call) => member.Pairs.RangeAsync(range, call), cancellationToken)).Answer;
        if (found.Count > 0)
        {
            throw new StorageException($"That etcd holds {found.Count} objects of a cluster already; only an empty one can take over another store's content.");
        }

        var shift = Math.Max(0, after.Value - found.Header.Revision);
        var put = new PutRequest { Key = keys.ShiftKey, Value = ByteString.CopyFromUtf8(shift.ToString(CultureInfo.InvariantCulture)) };
        await connection.CallAsync((member, call) => member.Pairs.TxnAsync(new TxnRequest { Success = { new RequestOp { RequestPut = put } } }, call), cancellationToken);
    }
}
