using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Flotilla.Storage;

internal static class SqliteCommands
{
    public static void Run(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long Read(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long value ? value : 0;
    }

    public static SqliteCommand Prepare(this SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }

    public static ReadOnlyMemory<byte>? ReadBytes(this SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? default(ReadOnlyMemory<byte>?) : reader.GetFieldValue<byte[]>(column);

    public static byte[] ToParameter(this ReadOnlyMemory<byte> value) =>
        MemoryMarshal.TryGetArray(value, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : value.ToArray();
}
