using Microsoft.Data.Sqlite;

namespace Flotilla.Storage;

/// <summary>The writing end of the log; used by the writer thread alone. When a method returns, its change is on disk.</summary>
internal sealed class SqliteLog : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly LogInserts inserts;
    private readonly SqliteCommand forgetSuperseded;
    private readonly SqliteCommand forgetDeletions;
    private readonly SqliteCommand setDone;
    private readonly SqliteCommand setCompacted;

    public SqliteLog(SqliteFile file)
    {
        connection = file.OpenWriter();
        inserts = new LogInserts(connection);
        forgetSuperseded = connection.Prepare(
            "DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision BETWEEN @from AND @to AND previous IS NOT NULL)",
            "@from", "@to");

        // The newest row stays even if it is a deletion, because the next revision follows from it.
        forgetDeletions = connection.Prepare(
            "DELETE FROM log WHERE revision BETWEEN @from AND @to AND value IS NULL AND revision < (SELECT MAX(revision) FROM log)",
            "@from", "@to");
        setDone = connection.Prepare("UPDATE compaction SET done = @done", "@done");
        setCompacted = connection.Prepare("UPDATE compaction SET through = @through", "@through");
    }

    public void Append(IReadOnlyList<StoreEvent> events) => inserts.Append(events);

    public void SetCompacted(Revision through)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        setCompacted.Transaction = transaction;
        setCompacted.Parameters[0].Value = through.Value;
        setCompacted.ExecuteNonQuery();
        transaction.Commit();
    }

    /// <summary>How far <see cref="Forget"/> got.</summary>
    public long Done => connection.Read("SELECT done FROM compaction");

    /// <summary>Forgets what the writes of a small range superseded; those that are deletions too.</summary>
    public void Forget(long from, long to)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        foreach (var command in (ReadOnlySpan<SqliteCommand>)[forgetSuperseded, forgetDeletions])
        {
            command.Transaction = transaction;
            command.Parameters[0].Value = from;
            command.Parameters[1].Value = to;
            command.ExecuteNonQuery();
        }

        setDone.Transaction = transaction;
        setDone.Parameters[0].Value = to;
        setDone.ExecuteNonQuery();
        transaction.Commit();
    }

    /// <summary>Gives some free pages back to the file system. Returns whether there are more.</summary>
    public bool Shrink(int pages)
    {
        using (var command = connection.CreateCommand())
        {
            // Each row of the result is one page moved, so the rows must be read.
            command.CommandText = $"PRAGMA incremental_vacuum({pages})";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
            }
        }

        if (connection.Read("PRAGMA freelist_count") > 0)
        {
            return true;
        }

        // The file itself becomes smaller when the write-ahead log is carried over to it.
        connection.Run("PRAGMA wal_checkpoint(PASSIVE)");
        return false;
    }

    public void Dispose()
    {
        inserts.Dispose();
        forgetSuperseded.Dispose();
        forgetDeletions.Dispose();
        setDone.Dispose();
        setCompacted.Dispose();
        connection.Dispose();
    }
}
