using System.Text;
using Flotilla.Storage.Etcd.Wire;
using Google.Protobuf;

namespace Flotilla.Storage.Etcd;

/// <summary>
/// The store's keys as etcd's, UTF-8 behind a prefix, and its revisions: they go on where those of another store ended
/// whose content was taken over, so they may be ahead of etcd's by a number that never changes.
/// </summary>
internal sealed class EtcdKeys(string prefix)
{
    /// <summary>The key that holds how far the revisions are ahead; the store does not show it.</summary>
    public ByteString ShiftKey { get; } = ByteString.CopyFromUtf8($"{prefix.TrimEnd('/')}.revision-shift");

    /// <summary>Set once, before anything is read.</summary>
    public long Shift { get; set; }

    public long NumberOf(Revision revision) => revision.Value - Shift;

    public Revision RevisionOf(long number) => new(number + Shift);

    /// <summary>As a key and as the end of a range: everything there is.</summary>
    public static readonly ByteString Everything = ByteString.CopyFrom(0);

    private readonly byte[] prefixBytes = Encoding.UTF8.GetBytes(prefix);

    public ByteString Of(string key) => ByteString.CopyFromUtf8(prefix + key);

    /// <summary>Null: the key is not this store's.</summary>
    public string? Read(ByteString key) => key.Span.StartsWith(prefixBytes) && key != ShiftKey ? Encoding.UTF8.GetString(key.Span[prefixBytes.Length..]) : null;

    public StoredEntry EntryOf(string key, KeyValue pair) =>
        new(key, pair.Value.Memory, RevisionOf(pair.CreateRevision), RevisionOf(pair.ModRevision)) { Notes = new EntryNotes() };

    /// <summary>Where the keys begin that follow <paramref name="key"/>.</summary>
    public ByteString After(string key) => ByteString.CopyFromUtf8(prefix + key + '\0');

    /// <summary>Where the keys with this prefix end.</summary>
    public ByteString EndOf(string keyPrefix)
    {
        var end = Encoding.UTF8.GetBytes(prefix + keyPrefix);
        for (var index = end.Length - 1; index >= 0; index--)
        {
            if (end[index] < byte.MaxValue)
            {
                end[index]++;
                return ByteString.CopyFrom(end.AsSpan(0, index + 1));
            }
        }

        return Everything;
    }
}
