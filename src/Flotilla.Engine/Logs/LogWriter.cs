using System.Globalization;
using System.Text;
using System.Text.Json;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Logs;

/// <summary>
/// A container's log as docker's json-file driver writes it: an object a line with text, stream and time. One that has grown too large is begun
/// anew, and of the former ones are kept as many as the settings say, <c>PATH.1</c> the last. One writer at a time.
/// </summary>
internal sealed class LogWriter(string path, LogSettings settings, TimeProvider time) : IDisposable
{
    private const int LongestPiece = 16 << 10;
    private readonly Lock gate = new();
    private readonly Dictionary<byte, MemoryStream> unfinished = new() { [Frame.Output] = new(), [Frame.Error] = new() };
    private Stream file = settings.KeepsNothing ? Stream.Null : Open(path);

    /// <param name="age">1: the one before.</param>
    public static string Former(string path, int age) => string.Create(CultureInfo.InvariantCulture, $"{path}.{age}");

    /// <summary>Those that there are of a log, the last one first.</summary>
    public static IEnumerable<string> Formers(string path) => Enumerable.Range(1, int.MaxValue - 1).Select(age => Former(path, age)).TakeWhile(File.Exists);

    public void Write(Frame frame)
    {
        if (settings.KeepsNothing)
        {
            return;
        }

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
        if (file.Length > settings.MaxBytes)
        {
            file.Dispose();
            Rotate();
            file = Open(path);
        }

        var line = unfinished[kind];
        var entry = new LogEntry(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length), kind == Frame.Output ? "stdout" : "stderr", time.GetUtcNow().UtcDateTime);
        file.Write(JsonSerializer.SerializeToUtf8Bytes(entry, LogEntry.Format));
        file.WriteByte((byte)'\n');
        line.SetLength(0);
    }

    private void Rotate()
    {
        if (settings.Files < 2)
        {
            File.Delete(path);
            return;
        }

        for (var age = settings.Files - 1; age > 1; age--)
        {
            if (File.Exists(Former(path, age - 1)))
            {
                File.Move(Former(path, age - 1), Former(path, age), overwrite: true);
            }
        }

        File.Move(path, Former(path, 1), overwrite: true);
    }

    private static FileStream Open(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
}
