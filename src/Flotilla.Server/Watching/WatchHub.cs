using System.Buffers;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Watching;

/// <summary>One change as watchers of its resource see it. Frames are encoded on first use and then shared by all.</summary>
public sealed class WatchFrame(StoreEvent change)
{
    private byte[]?[] frames = new byte[3][];

    public StoreEvent Change { get; } = change;

    public Revision Revision => Change.Revision;

    /// <summary>The state this change leaves, or took away.</summary>
    public ReadOnlyMemory<byte> Object => Change.Value ?? Change.Previous ?? default;

    public ReadOnlyMemory<byte> Encode(ChangeType type) => frames[(int)type] ??= EncodeNew(type);

    private byte[] EncodeNew(ChangeType type)
    {
        var buffer = new ArrayBufferWriter<byte>(Object.Length + 96);
        buffer.Write(Prefix(type));
        StoredObject.WriteTo(buffer, type == ChangeType.Deleted && Change.Previous is { } previous ? previous : Object, Revision);
        buffer.Write("}\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    public static ReadOnlySpan<byte> Prefix(ChangeType type) => type switch
    {
        ChangeType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
        ChangeType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
        _ => "{\"type\":\"DELETED\",\"object\":"u8,
    };
}

public enum ChangeType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>
/// The recent changes of one resource, in a ring that all its watchers read at their own pace: no queue per watcher.
/// One thread appends; whoever falls behind the ring's tail has to start over.
/// </summary>
public sealed class WatchHub(int capacity)
{
    private readonly Lock gate = new();
    private readonly WatchFrame[] ring = new WatchFrame[capacity];
    private long next;
    private Revision start = Revision.First;
    private TaskCompletionSource signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Changes after this revision are in the ring.</summary>
    public Revision Start
    {
        get
        {
            lock (gate)
            {
                return start;
            }
        }
    }

    public void Begin(Revision revision)
    {
        lock (gate)
        {
            start = revision;
        }
    }

    public void Append(IEnumerable<StoreEvent> changes)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            foreach (var change in changes)
            {
                var slot = next++ % capacity;
                if (ring[slot] is { } overwritten)
                {
                    start = overwritten.Revision;
                }

                ring[slot] = new WatchFrame(change);
            }

            waiting = signal;
            signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }

    /// <summary>
    /// The changes after <paramref name="after"/>, and what to await for more; null when the ring no longer reaches
    /// back that far.
    /// </summary>
    public (IReadOnlyList<WatchFrame> Frames, Task More)? ReadAfter(Revision after)
    {
        lock (gate)
        {
            if (after < start)
            {
                return null;
            }

            var position = next;
            while (position > 0 && next - position < capacity && ring[(position - 1) % capacity] is { } frame && frame.Revision > after)
            {
                position--;
            }

            if (position == next)
            {
                return ([], signal.Task);
            }

            var frames = new WatchFrame[next - position];
            for (var i = 0; i < frames.Length; i++)
            {
                frames[i] = ring[(position + i) % capacity];
            }

            return (frames, signal.Task);
        }
    }
}
