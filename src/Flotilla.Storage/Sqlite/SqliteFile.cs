using Microsoft.Data.Sqlite;

namespace Flotilla.Storage;

/// <summary>
/// One database file. Its table is a log: a row per write that is still of interest, by revision.
/// <c>previous</c> is the row that the write superseded, so no index by key is needed: the present state is in
/// memory, and the past is the present with the newer rows undone. A row may only go together with or after those
/// that it superseded, else they would seem to be present: compaction goes upwards and remembers how far it is.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    private const int SchemaVersion = 1;
    private const int BusyTimeoutSeconds = 10;

    private readonly FileStream owner;

    public SqliteFile(string path, StorageOptions options)
    {
        Path = path;
        Options = options;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        owner = Own(path);
    }

    public string Path { get; }

    public StorageOptions Options { get; }

    public SqliteConnection OpenWriter()
    {
        var connection = Open(SqliteOpenMode.ReadWriteCreate, pooling: false);
        try
        {
            connection.Run("PRAGMA auto_vacuum = INCREMENTAL");
            connection.Run("PRAGMA journal_mode = WAL");
            connection.Run("PRAGMA synchronous = FULL");
            CreateSchema(connection);
            if (Options.MaxBytes is { } bytes)
            {
                connection.Run($"PRAGMA max_page_count = {bytes / connection.Read("PRAGMA page_size")}");
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public SqliteConnection OpenReader() => Open(SqliteOpenMode.ReadOnly, pooling: true);

    public void Dispose()
    {
        using (var connection = new SqliteConnection(ConnectionString(SqliteOpenMode.ReadOnly, pooling: true)))
        {
            SqliteConnection.ClearPool(connection);
        }

        owner.Dispose();
    }

    private SqliteConnection Open(SqliteOpenMode mode, bool pooling)
    {
        var connection = new SqliteConnection(ConnectionString(mode, pooling));
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private string ConnectionString(SqliteOpenMode mode, bool pooling) => new SqliteConnectionStringBuilder
    {
        DataSource = Path,
        Mode = mode,
        Pooling = pooling,
        DefaultTimeout = BusyTimeoutSeconds,
    }.ToString();

    private void CreateSchema(SqliteConnection connection)
    {
        var version = connection.Read("PRAGMA user_version");
        if (version == SchemaVersion)
        {
            return;
        }

        if (version != 0)
        {
            throw new StorageException($"{Path} has format {version}, which this version does not know (it knows {SchemaVersion}).");
        }

        using var transaction = connection.BeginTransaction();
        connection.Run(
            """
            CREATE TABLE log (
                revision INTEGER PRIMARY KEY,
                key TEXT NOT NULL,
                value BLOB,
                created INTEGER NOT NULL,
                previous INTEGER);
            CREATE TABLE compaction (through INTEGER NOT NULL, done INTEGER NOT NULL);
            """);
        connection.Run($"INSERT INTO compaction (through, done) VALUES ({Revision.First}, {Revision.First})");
        connection.Run($"PRAGMA user_version = {SchemaVersion}");
        transaction.Commit();
    }

    /// <summary>Two processes must never write one database: each would believe to know its newest state.</summary>
    private static FileStream Own(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new StorageException($"The database {path} is in use by another process.", error);
        }
    }
}
