using System.Threading.Channels;
using Flotilla.Api;

namespace Flotilla.Client;

/// <summary>
/// Keys of objects that changed, each once however often it did, for one loop that works on all of them together.
/// As many as there are objects, no more.
/// </summary>
public sealed class DirtyKeys(TimeProvider time, TimeSpan gather)
{
    private readonly Lock gate = new();
    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private HashSet<ObjectKey> keys = [];

    public void Add(ObjectKey key)
    {
        lock (gate)
        {
            keys.Add(key);
        }

        signal.Writer.TryWrite(true);
    }

    /// <summary>Wakes the loop although no key changed.</summary>
    public void Poke() => signal.Writer.TryWrite(true);

    /// <summary>What gathered for a moment; null: nothing for as long as <paramref name="limit"/>.</summary>
    public async Task<IReadOnlyCollection<ObjectKey>?> TakeAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var check = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(check.Token, cancellationToken);
        try
        {
            await signal.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }

        await Task.Delay(gather, time, cancellationToken);
        signal.Reader.TryRead(out _);
        return TakeNow();
    }

    public IReadOnlyCollection<ObjectKey> TakeNow()
    {
        lock (gate)
        {
            var taken = keys;
            keys = [];
            return taken;
        }
    }
}
