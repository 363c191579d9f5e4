using Microsoft.Data.Sqlite;

namespace Flotilla.Storage;

/// <summary>The content of a database file as a whole: taken while a server uses it, or put into a new one.</summary>
public static class SqliteDump
{
    private const int BatchLength = 1000;

    /// <summary>Everything as it was after one write, whatever is written meanwhile.</summary>
    /// <exception cref="StorageException">The file is missing or damaged.</exception>
    public static StoreDump Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        try
        {
            connection.Open();

            // Ends with the connection.
            _ = connection.BeginTransaction(deferred: true);
            return new StoreDump(SqliteHistory.NewestIn(connection), SqliteHistory.CountPresent(connection), SqliteHistory.ReadPresent(connection), connection);
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw new StorageException($"The database {path} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>A new database whose revisions go on after <paramref name="after"/>, and which knows nothing of the time before.</summary>
    /// <exception cref="StorageException">There is one already, or it cannot be written.</exception>
    public static void Write(string path, Revision after, IEnumerable<StoredEntry> entries)
    {
        if (File.Exists(path))
        {
            throw new StorageException($"There is a database already: {path}.");
        }

        try
        {
            using var file = new SqliteFile(path, new StorageOptions());
            using var log = new SqliteLog(file);
            var last = after;
            foreach (var batch in entries.Chunk(BatchLength))
            {
                var events = new List<StoreEvent>(batch.Length);
                foreach (var entry in batch)
                {
                    last = last.Next;
                    events.Add(new StoreEvent(entry.Key, entry.Value, last, last, default(ReadOnlyMemory<byte>?), null));
                }

                log.Append(events);
            }

            log.SetCompacted(last);
        }
        catch (SqliteException failure)
        {
            throw new StorageException($"The database {path} cannot be written: {failure.Message}", failure);
        }
    }
}
