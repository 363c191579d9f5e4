using System.Collections.Immutable;
using Microsoft.Data.Sqlite;

namespace Flotilla.Storage;

/// <summary>Reads the log, on connections of its own that never disturb the writer. Blocking; any thread.</summary>
internal sealed class SqliteHistory(SqliteFile file)
{
    private const int BatchLength = 1000;
    private const long MappedBytes = 2L * 1024 * 1024 * 1024;
    private const long BatchBytes = 8 * 1024 * 1024;
    private const string IsPresent = "value IS NOT NULL AND revision NOT IN (SELECT previous FROM log WHERE previous IS NOT NULL)";

    /// <summary>The present state, and the oldest revision whose state is still known.</summary>
    public (Snapshot Newest, Revision Compacted) Load()
    {
        using var connection = file.OpenReader();

        // The whole file is read once, from its beginning to its end: mapped, that takes no call for each page.
        connection.Run($"PRAGMA mmap_size = {MappedBytes}");
        try
        {
            return Load(connection);
        }
        finally
        {
            connection.Run("PRAGMA mmap_size = 0");
        }
    }

    public static (Snapshot Newest, Revision Compacted) Load(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        var newest = NewestIn(connection);
        var compacted = connection.Read("SELECT through FROM compaction");
        return (new Snapshot(newest, ImmutableSortedSet.CreateRange(KeyOrder.Instance, ReadPresent(connection).ToList())), new Revision(compacted));
    }

    public static Revision NewestIn(SqliteConnection connection) => new(Math.Max(Revision.First.Value, connection.Read("SELECT MAX(revision) FROM log")));

    public static int CountPresent(SqliteConnection connection) => (int)connection.Read($"SELECT COUNT(*) FROM log WHERE {IsPresent}");

    /// <summary>What is present, one by one, in the transaction that the connection is in.</summary>
    /// <exception cref="StorageException">The file cannot be read on.</exception>
    public static IEnumerable<StoredEntry> ReadPresent(SqliteConnection connection)
    {
        using var command = connection.Prepare($"SELECT revision, key, value, created FROM log WHERE {IsPresent}");
        using var reader = command.ExecuteReader();
        while (Advance(reader))
        {
            yield return new StoredEntry(
                reader.GetString(1), reader.ReadBytes(2)!.Value, new Revision(reader.GetInt64(3)), new Revision(reader.GetInt64(0)))
            { Notes = new EntryNotes() };
        }
    }

    /// <summary>The next events after a revision, a bounded number of them.</summary>
    public List<StoreEvent> Read(Revision after)
    {
        using var connection = file.OpenReader();
        using var transaction = connection.BeginTransaction(deferred: true);
        var compacted = new Revision(connection.Read("SELECT through FROM compaction"));
        if (after < compacted)
        {
            throw new CompactedException(after, compacted);
        }

        using var command = connection.Prepare(
            $"""
            SELECT this.revision, this.key, this.value, this.created, this.previous, old.value
            FROM log this LEFT JOIN log old ON old.revision = this.previous
            WHERE this.revision > @after ORDER BY this.revision LIMIT {BatchLength}
            """,
            "@after");
        command.Parameters[0].Value = after.Value;
        using var reader = command.ExecuteReader();
        var events = new List<StoreEvent>();
        var bytes = 0L;
        while (bytes < BatchBytes && reader.Read())
        {
            var change = ToEvent(reader);
            bytes += (change.Value?.Length ?? 0) + (change.Previous?.Length ?? 0);
            events.Add(change);
        }

        return events;
    }

    /// <summary>The state at an earlier revision.</summary>
    public Snapshot Rewind(Snapshot from, Revision at, CancellationToken cancellationToken)
    {
        var since = new List<StoreEvent>();
        var reached = at;
        while (reached < from.Revision)
        {
            cancellationToken.ThrowIfCancellationRequested();
            since.AddRange(Read(reached).Where(change => change.Revision <= from.Revision));
            reached = since[^1].Revision;
        }

        return History.Rewind(from, at, since);
    }

    private static bool Advance(SqliteDataReader reader)
    {
        try
        {
            return reader.Read();
        }
        catch (SqliteException failure)
        {
            throw new StorageException($"The database cannot be read: {failure.Message}", failure);
        }
    }

    private static StoreEvent ToEvent(SqliteDataReader reader) => new(
        reader.GetString(1),
        reader.ReadBytes(2),
        new Revision(reader.GetInt64(0)),
        new Revision(reader.GetInt64(3)),
        reader.ReadBytes(5),
        reader.IsDBNull(4) ? null : new Revision(reader.GetInt64(4)));
}
