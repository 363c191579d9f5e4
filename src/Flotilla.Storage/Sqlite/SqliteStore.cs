using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Storage;

/// <summary>
/// A store in one SQLite file. One thread writes: it takes every write that waits, decides about each in turn and
/// commits them together, so that hundreds share one fsync; only then are they visible and acknowledged.
/// The present state is in memory, as an immutable snapshot that readers take without a lock. Watches read
/// recent events from memory and older ones from the file.
/// </summary>
public sealed class SqliteStore : IStore
{
    private readonly StorageOptions options;
    private readonly SqliteFile file;
    private readonly SqliteHistory history;
    private readonly WriterInbox inbox;
    private readonly RecentEvents recent;
    private readonly PastStates past = new();
    private readonly Compaction compaction;
    private readonly CompactionSchedule schedule;
    private readonly CommitWatch watch;
    private readonly Thread writer;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Snapshot snapshot;

    // Null after a failure, until the file could be opened again.
    private SqliteLog? log;

    private SqliteStore(SqliteFile file, SqliteLog log, StorageOptions options, TimeProvider time, ILogger logger)
    {
        this.file = file;
        this.log = log;
        this.options = options;
        history = new SqliteHistory(file);
        (snapshot, var compacted) = history.Load();
        inbox = new WriterInbox(options.QueueLength);
        recent = new RecentEvents(options.RecentEvents, options.RecentBytes, snapshot.Revision);
        compaction = new Compaction(options, compacted);
        schedule = new CompactionSchedule(options, time, () => Current, RequestCompaction);
        watch = new CommitWatch(file.Path, time, logger);
        writer = new Thread(Run) { Name = "storage writer", IsBackground = true };
    }

    public StoreHealth Health => watch.Health;

    public CommitTimes? Commits => watch.Times;

    public Revision Current => Volatile.Read(ref snapshot).Revision;

    public Revision Compacted => compaction.Compacted;

    /// <exception cref="StorageException">The file is in use, damaged, or cannot be created.</exception>
    public static SqliteStore Open(string path, StorageOptions options, TimeProvider time, ILogger<SqliteStore>? logger = null)
    {
        options.Validate();
        var file = new SqliteFile(path, options);
        SqliteLog? log = null;
        try
        {
            log = new SqliteLog(file);
            var store = new SqliteStore(file, log, options, time, logger ?? NullLogger<SqliteStore>.Instance);
            store.writer.Start();
            return store;
        }
        catch (Exception error)
        {
            log?.Dispose();
            file.Dispose();
            throw error as StorageException ?? new StorageException($"The database {path} cannot be opened: {error.Message}", error);
        }
    }

    public ValueTask CatchUpAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<StoredEntry?> GetAsync(string key, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Volatile.Read(ref snapshot).Get(key));

    public async Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision? at, CancellationToken cancellationToken)
    {
        var source = Volatile.Read(ref snapshot);
        if (at is { } revision && revision != source.Revision)
        {
            source = await RewindAsync(source, revision, cancellationToken);
        }

        var list = source.List(prefix, startAfter, limit);
        if (list.HasMore && limit > PastStates.NoPage)
        {
            past.Keep(source);
        }

        return list;
    }

    public Task<WriteResult> WriteAsync(WriteRequest request, CancellationToken cancellationToken) =>
        inbox.AddAsync(new PendingWrite(request), cancellationToken);

    public IAsyncEnumerable<IReadOnlyList<StoreEvent>> WatchAsync(string prefix, Revision after, CancellationToken cancellationToken) =>
        recent.FollowAsync(prefix, after, () => Compacted, ReadFileAsync, cancellationToken);

    public Task CompactAsync(Revision through, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(through.Value, Current.Value, nameof(through));
        return through <= Compacted ? Task.CompletedTask : RequestCompaction(through).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        schedule.Dispose();
        inbox.Close();
        await stopped.Task;
        file.Dispose();
    }

    private Task RequestCompaction(Revision through)
    {
        var done = compaction.Request(through);
        inbox.Poke();
        return done;
    }

    private Task<List<StoreEvent>> ReadFileAsync(Revision after, CancellationToken cancellationToken) =>
        Task.Run(() => history.Read(after), cancellationToken);

    private async Task<Snapshot> RewindAsync(Snapshot source, Revision at, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at.Value, source.Revision.Value, nameof(at));
        if (at < Compacted)
        {
            throw new CompactedException(at, Compacted);
        }

        source = past.Nearest(at, source);
        if (source.Revision == at)
        {
            return source;
        }

        var since = recent.Read(at, (int)Math.Min(int.MaxValue, source.Revision.Value - at.Value), out _);
        return since is null
            ? await Task.Run(() => history.Rewind(source, at, cancellationToken), cancellationToken)
            : History.Rewind(source, at, since);
    }

    private void Run()
    {
        var batch = new List<PendingWrite>();
        var share = 1;
        while (inbox.Take(batch, options.BatchLength, share, wait: !compaction.IsPending))
        {
            if (batch.Count > 0)
            {
                var before = snapshot.Revision;
                Commit(batch);
                share = (int)(snapshot.Revision.Value - before.Value);
                batch.Clear();
            }

            if (compaction.IsPending)
            {
                Compact();
            }
        }

        compaction.Complete(new StorageException("The store is closed."));
        log?.Dispose();
        stopped.SetResult();
    }

    private void Commit(List<PendingWrite> batch)
    {
        StateBuilder builder;
        List<(PendingWrite Write, WriteResult Result)> decided;
        try
        {
            EnsureOpen();
            builder = new StateBuilder(snapshot);
            decided = Decide(builder, batch);
            if (builder.Events.Count > 0)
            {
                watch.Begin();
                if (!TryAppend(builder))
                {
                    return;
                }
            }
        }
        catch (Exception error)
        {
            Fail(error);
            return;
        }

        if (builder.Events.Count > 0 && builder.Revision > snapshot.Revision)
        {
            Publish(builder);
        }

        foreach (var (write, result) in decided)
        {
            write.Completion.SetResult(result);
        }

        bool TryAppend(StateBuilder state)
        {
            try
            {
                log!.Append(state.Events);
                watch.Done();
                return true;
            }
            catch (SqliteException error)
            {
                // Whether a commit that failed took place after all, only the file can say.
                Reopen();
                EnsureOpen();
                if (snapshot.Revision == state.Revision)
                {
                    watch.Done();
                    return true;
                }

                Fail(error);
                return false;
            }
        }

        void Fail(Exception error)
        {
            var failure = watch.Failed(error);
            foreach (var write in batch)
            {
                write.Completion.TrySetException(failure);
            }
        }
    }

    private static List<(PendingWrite Write, WriteResult Result)> Decide(StateBuilder builder, List<PendingWrite> batch)
    {
        var decided = new List<(PendingWrite Write, WriteResult Result)>(batch.Count);
        foreach (var write in batch)
        {
            try
            {
                decided.Add((write, builder.Apply(write.Request)));
            }
            catch (FencedException fenced)
            {
                write.Completion.SetException(fenced);
            }
        }

        return decided;
    }

    private void Compact()
    {
        try
        {
            EnsureOpen();
            compaction.Step(log!);
            recent.Forget(compaction.Compacted);
            past.Forget(compaction.Compacted);
        }
        catch (Exception error)
        {
            Reopen();
            compaction.Complete(new StorageException($"Compaction failed: {error.Message}", error));
        }
    }

    private void Reopen()
    {
        log?.Dispose();
        log = null;
    }

    /// <summary>After a failure: a fresh connection, and whatever the file holds that is not known here yet.</summary>
    private void EnsureOpen()
    {
        if (log is not null)
        {
            return;
        }

        var opened = new SqliteLog(file);
        try
        {
            while (history.Read(snapshot.Revision) is { Count: > 0 } unknown)
            {
                var builder = new StateBuilder(snapshot);
                unknown.ForEach(builder.Replay);
                Publish(builder);
            }

            log = opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private void Publish(StateBuilder builder)
    {
        Volatile.Write(ref snapshot, builder.Build());
        recent.Publish(builder.Events);
    }
}
