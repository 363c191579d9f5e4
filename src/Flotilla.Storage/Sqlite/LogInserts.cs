using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Flotilla.Storage;

/// <summary>
/// The statements of every write, prepared once and bound by position: they run on the one thread that all writers
/// wait for, where looking up parameters by name would cost more than the insert itself.
/// </summary>
internal sealed class LogInserts : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt begin;
    private readonly sqlite3_stmt insert;
    private readonly sqlite3_stmt commit;
    private byte[] key = new byte[512];

    public LogInserts(SqliteConnection connection)
    {
        database = connection.Handle ?? throw new InvalidOperationException("The connection is closed.");
        begin = Prepare("BEGIN IMMEDIATE");
        insert = Prepare("INSERT INTO log (revision, key, value, created, previous) VALUES (?, ?, ?, ?, ?)");
        commit = Prepare("COMMIT");
    }

    /// <summary>When it returns, all events are on disk; when it throws, the connection is to be closed, which undoes them.</summary>
    /// <exception cref="SqliteException">The disk is full or fails.</exception>
    public void Append(IReadOnlyList<StoreEvent> events)
    {
        Run(begin);
        for (var i = 0; i < events.Count; i++)
        {
            Bind(events[i]);
            Run(insert);
        }

        Run(commit);
    }

    public void Dispose()
    {
        begin.Dispose();
        insert.Dispose();
        commit.Dispose();
    }

    private void Bind(StoreEvent change)
    {
        Check(raw.sqlite3_bind_int64(insert, 1, change.Revision.Value));
        if (key.Length < change.Key.Length * 3)
        {
            key = new byte[change.Key.Length * 3];
        }

        Check(raw.sqlite3_bind_text(insert, 2, key.AsSpan(0, Encoding.UTF8.GetBytes(change.Key, key))));
        Check(change.Value is { } value ? raw.sqlite3_bind_blob(insert, 3, value.Span) : raw.sqlite3_bind_null(insert, 3));
        Check(raw.sqlite3_bind_int64(insert, 4, change.Created.Value));
        Check(change.PreviousRevision is { } previous ? raw.sqlite3_bind_int64(insert, 5, previous.Value) : raw.sqlite3_bind_null(insert, 5));
    }

    private void Run(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        if (code != raw.SQLITE_DONE)
        {
            Check(code);
        }
    }

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(database, sql, out var statement));
        return statement;
    }

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, database);
}
