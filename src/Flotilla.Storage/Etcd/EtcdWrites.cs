using Flotilla.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Flotilla.Storage.Etcd;

/// <summary>A write as a transaction of etcd, and what its answer means. Pure.</summary>
internal sealed class EtcdWrites(EtcdKeys keys)
{
    public TxnRequest For(WriteRequest request)
    {
        var key = keys.Of(request.Key);
        var transaction = new TxnRequest
        {
            Success = { request.Value is { } value ? Put(key, value) : new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } } },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = key } } },
        };
        if (ConditionOf(request, key) is { } condition)
        {
            transaction.Compare.Add(condition);
        }

        if (request.Fence is { } fence)
        {
            var guard = keys.Of(fence.Key);
            transaction.Compare.Add(new Compare { Key = guard, Target = Compare.Types.CompareTarget.Mod, ModRevision = keys.NumberOf(fence.At) });
            transaction.Failure.Add(new RequestOp { RequestRange = new RangeRequest { Key = guard } });
        }

        return transaction;
    }

    /// <exception cref="FencedException">The fence has moved.</exception>
    public WriteResult Read(WriteRequest request, TxnResponse answer)
    {
        var revision = keys.RevisionOf(answer.Header.Revision);
        if (answer.Succeeded)
        {
            return new WriteResult(WriteOutcome.Written, revision, null);
        }

        if (request.Fence is { } fence && answer.Responses[1].ResponseRange.Kvs is var guard && (guard.Count == 0 || guard[0].ModRevision != keys.NumberOf(fence.At)))
        {
            throw new FencedException(fence);
        }

        return answer.Responses[0].ResponseRange.Kvs is [var found]
            ? new WriteResult(WriteOutcome.Conflict, revision, keys.EntryOf(request.Key, found))
            : new WriteResult(WriteOutcome.NotFound, revision, null);
    }

    /// <summary>
    /// What a second attempt's answer means when the first may have taken effect. A conditional write takes effect at most
    /// once, so finding what was to be written means that it was. Anything else may have followed it: whoever says that it was
    /// refused may be wrong. Null: nobody can tell.
    /// </summary>
    public static WriteResult? ReadRepeated(WriteRequest request, WriteResult result) => result.Outcome switch
    {
        WriteOutcome.Written => result,
        WriteOutcome.Conflict when request.Value is { } value && result.Current!.Value.Value.Span.SequenceEqual(value.Span) =>
            new WriteResult(WriteOutcome.Written, result.Current.Value.Modified, null),
        _ => null,
    };

    private static RequestOp Put(ByteString key, ReadOnlyMemory<byte> value) =>
        new() { RequestPut = new PutRequest { Key = key, Value = UnsafeByteOperations.UnsafeWrap(value) } };

    private Compare? ConditionOf(WriteRequest request, ByteString key)
    {
        if (request.Precondition.IsMustNotExist)
        {
            return new Compare { Key = key, Target = Compare.Types.CompareTarget.Create, CreateRevision = 0 };
        }

        if (request.Precondition.At is { } at)
        {
            return new Compare { Key = key, Target = Compare.Types.CompareTarget.Mod, ModRevision = keys.NumberOf(at) };
        }

        // Deleting nothing is not a write.
        return request.Value is null
            ? new Compare { Key = key, Target = Compare.Types.CompareTarget.Version, Result = Compare.Types.CompareResult.Greater, Version = 0 }
            : null;
    }
}
