using Flotilla.Storage.Etcd.Wire;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd;

/// <summary>
/// Keeps the present state in memory by one watch over the whole database: each revision is an event of it, so what has
/// arrived is known without asking. One loop applies; any thread reads.
/// </summary>
internal sealed partial class EtcdFollower : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly EtcdConnection connection;
    private readonly EtcdHistory history;
    private readonly EtcdKeys keys;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly RevisionWaits waits;
    private Task loop = Task.CompletedTask;
    private Snapshot snapshot;

    // Said once, until it follows again.
    private bool isBroken;
    private long compacted;

    public EtcdFollower(EtcdConnection connection, EtcdHistory history, EtcdKeys keys, StorageOptions options, Snapshot start, Revision compacted, TimeProvider time, ILogger logger)
    {
        this.connection = connection;
        this.history = history;
        this.keys = keys;
        this.time = time;
        this.logger = logger;
        snapshot = start;
        this.compacted = compacted.Value;
        waits = new RevisionWaits(start.Revision);
        Recent = new RecentEvents(options.RecentEvents, options.RecentBytes, start.Revision);
    }

    public Snapshot Snapshot => Volatile.Read(ref snapshot);

    public RecentEvents Recent { get; }

    public PastStates Past { get; } = new();

    public Revision Compacted => new(Volatile.Read(ref compacted));

    public void Start() => loop = RunAsync(stopping.Token);

    public Task ReachedAsync(Revision revision) => waits.WaitAsync(revision);

    public void Forget(Revision through)
    {
        var known = Volatile.Read(ref compacted);
        while (through.Value > known && Interlocked.CompareExchange(ref compacted, through.Value, known) is var seen && seen != known)
        {
            known = seen;
        }

        Recent.Forget(Compacted);
        Past.Forget(Compacted);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await loop;
        waits.Fail(new StorageException("The store is closed."));
        stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            var member = connection.Current;
            try
            {
                await FollowAsync(member, cancellationToken);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (CompactedException gone)
            {
                await ReloadAsync(gone, cancellationToken);
            }
            catch (Exception failure)
            {
                if (!isBroken)
                {
                    Log.Broken(logger, member.Address, failure is RpcException refused ? refused.Status.Detail : failure.Message);
                }

                isBroken = true;
                connection.TryNext(member, "its watch broke off");
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(EtcdEndpoint member, CancellationToken cancellationToken)
    {
        using var call = member.Watches.Watch(EtcdConnection.Lasting(cancellationToken));
        await call.RequestStream.WriteAsync(history.Everything(snapshot.Revision, previous: false), cancellationToken);
        await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            isBroken = false;
            history.Check(answer, snapshot.Revision);
            if (answer.Events.Count > 0)
            {
                Apply(answer.Events);
            }
        }
    }

    private void Apply(IReadOnlyList<Event> events)
    {
        var builder = new StateBuilder(snapshot);
        var isGapless = true;
        foreach (var change in events)
        {
            var revision = keys.RevisionOf(change.Kv.ModRevision);
            isGapless &= revision == builder.Revision.Next;
            var key = keys.Read(change.Kv.Key) ?? RecentEvents.ForeignKey;
            if (change.Type == Event.Types.EventType.Put && key != RecentEvents.ForeignKey)
            {
                builder.Follow(key, change.Kv.Value.Memory, revision, keys.RevisionOf(change.Kv.CreateRevision));
            }
            else
            {
                builder.Follow(key, default(ReadOnlyMemory<byte>?), revision, builder.Find(key)?.Created ?? revision);
            }
        }

        Volatile.Write(ref snapshot, builder.Build());
        if (isGapless)
        {
            Recent.Publish(builder.Events);
        }
        else
        {
            // Others changed several keys at once: watchers read that from etcd.
            Recent.Restart(builder.Revision);
        }

        waits.Reach(builder.Revision);
    }

    /// <summary>Away for so long that what happened meanwhile is forgotten.</summary>
    private async Task ReloadAsync(CompactedException gone, CancellationToken cancellationToken)
    {
        Log.Reloading(logger, snapshot.Revision);
        try
        {
            var fresh = await history.LoadAsync(cancellationToken);
            Volatile.Write(ref snapshot, fresh);
            Recent.Restart(fresh.Revision);
            Forget(gone.Compacted);
            waits.Reach(fresh.Revision);
        }
        catch (StorageException failure)
        {
            Log.Broken(logger, connection.Current.Address, failure.Message);
        }
        catch (OperationCanceledException)
        {
            // The loop sees that it is to end.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The watch of etcd at {Address} broke off ({Why}); going on where it was")]
        public static partial void Broken(ILogger logger, Uri address, string why);

        [LoggerMessage(Level = LogLevel.Warning, Message = "What etcd changed after revision {Revision} is forgotten; reading everything")]
        public static partial void Reloading(ILogger logger, Revision revision);
    }
}
