using System.Text;
using System.Text.Json;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Logs;

/// <summary>
/// A container's log as docker's json-file driver writes it: an object a line with text, stream and time. One that has grown too large is begun
/// anew and the former kept. One writer at a time.
/// </summary>
internal sealed class LogWriter(string path, long maxBytes, TimeProvider time) : IDisposable
{
    private const int LongestPiece = 16 << 10;
    private readonly Lock gate = new();
    private readonly Dictionary<byte, MemoryStream> unfinished = new() { [Frame.Output] = new(), [Frame.Error] = new() };
    private FileStream file = Open(path);

    public static string Former(string path) => path + ".1";

    public void Write(Frame frame)
    {
        lock (gate)
        {
            var rest = frame.Data.Span;
            while (rest.Length > 0)
            {
                var line = unfinished[frame.Kind];
                var end = rest.IndexOf((byte)'\n') + 1;
                var piece = Math.Min(end > 0 ? end : rest.Length, LongestPiece - (int)line.Length);
                line.Write(rest[..piece]);
                rest = rest[piece..];
                if (piece == end || line.Length >= LongestPiece)
                {
                    Finish(frame.Kind);
                }
            }

            file.Flush();
        }
    }

    /// <summary>Also what has no line end.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (var kind in unfinished.Where(pair => pair.Value.Length > 0).Select(pair => pair.Key).ToList())
            {
                Finish(kind);
            }

            file.Dispose();
        }
    }

    private void Finish(byte kind)
    {
        if (file.Length > maxBytes)
        {
            file.Dispose();
            File.Move(path, Former(path), overwrite: true);
            file = Open(path);
        }

        var line = unfinished[kind];
        var entry = new LogEntry(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length), kind == Frame.Output ? "stdout" : "stderr", time.GetUtcNow().UtcDateTime);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(entry, LogEntry.Format));
        file.WriteByte((byte)'\n');
        line.SetLength(0);
    }

    private static FileStream Open(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
}
