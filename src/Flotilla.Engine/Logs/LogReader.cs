using System.Globalization;
using System.Text;

namespace Flotilla.Engine.Logs;

/// <summary>What is wanted of a log.</summary>
/// <param name="Tail">The last so many lines; null: all.</param>
internal sealed record LogQuery(bool Output, bool Error, bool Follow, int? Tail, DateTime? Since, DateTime? Until)
{
    public bool Shows(LogEntry entry) =>
        (entry.Kind == Streams.Frame.Output ? Output : Error) && (Since is null || entry.Time >= Since) && (Until is null || entry.Time <= Until);
}

/// <summary>Reads a log from its files while it may be written.</summary>
internal static class LogReader
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <param name="parse">How a line is written.</param>
    /// <param name="isOver">Whether nothing more will come.</param>
    public static async IAsyncEnumerable<LogEntry> ReadAsync(
        string path, LogQuery query, Func<string, LogEntry?> parse, Func<bool> isOver, TimeProvider time, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = File.Exists(path) ? Open(path) : null;
        var position = 0L;
        var past = new Queue<LogEntry>();
        foreach (var entry in Past(path, file, query, parse, at => position = at))
        {
            past.Enqueue(entry);
            if (past.Count > query.Tail)
            {
                past.Dequeue();
            }
        }

        foreach (var entry in past)
        {
            yield return entry;
        }

        while (query.Follow && file is not null)
        {
            // Asked before reading: what was written until the end is read then.
            var wasLast = isOver();
            foreach (var entry in Lines(file, position, parse, at => position = at).Where(query.Shows).ToList())
            {
                yield return entry;
            }

            if (wasLast)
            {
                yield break;
            }

            foreach (var entry in Renewed(path, file, position, parse, at => position = at).Where(query.Shows).ToList())
            {
                yield return entry;
            }

            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    private static IEnumerable<LogEntry> Past(string path, LogFile? file, LogQuery query, Func<string, LogEntry?> parse, Action<long> moved)
    {
        // Opened before one is read: they move on while the log is written.
        var formers = LogWriter.Formers(path).Select(Open).Reverse().ToList();
        foreach (var former in formers)
        {
            using (former)
            {
                foreach (var entry in Lines(former, 0, parse, _ => { }).Where(query.Shows))
                {
                    yield return entry;
                }
            }
        }

        foreach (var entry in file is null ? [] : Lines(file, 0, parse, moved).Where(query.Shows))
        {
            yield return entry;
        }
    }

    /// <summary>If the log was begun anew: the rest of the file that is read, those that came after it, and from then on the one that is written.</summary>
    private static List<LogEntry> Renewed(string path, LogFile file, long position, Func<string, LogEntry?> parse, Action<long> moved)
    {
        if (file.IsAt(path))
        {
            return [];
        }

        List<LogEntry> entries = [.. Lines(file, position, parse, _ => { })];
        var later = LogWriter.Formers(path).TakeWhile(former => !file.IsAt(former)).Reverse().ToList();
        foreach (var former in later)
        {
            using var between = Open(former);
            entries.AddRange(Lines(between, 0, parse, _ => { }));
        }

        moved(0);
        file.Reopen(path);
        return entries;
    }

    private static LogFile Open(string path) => new(path);

    // Only whole lines count: the rest is read again when it has its end.
    private static IEnumerable<LogEntry> Lines(LogFile file, long from, Func<string, LogEntry?> parse, Action<long> moved)
    {
        var stream = file.Stream;
        stream.Position = from;
        var line = new MemoryStream();
        var at = from;
        var buffer = new byte[64 << 10];
        while (stream.Read(buffer) is > 0 and var count)
        {
            for (var start = 0; start < count;)
            {
                var end = Array.IndexOf(buffer, (byte)'\n', start, count - start);
                line.Write(buffer, start, (end < 0 ? count : end) - start);
                start = end < 0 ? count : end + 1;
                if (end < 0)
                {
                    continue;
                }

                at += line.Length + 1;
                var text = Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
                line.SetLength(0);
                moved(at);
                if (parse(text) is { } entry)
                {
                    yield return entry;
                }
            }
        }
    }

    private sealed class LogFile(string path) : IDisposable
    {
        public FileStream Stream { get; private set; } = Open(path);

        /// <summary>Whether that name is still this file's. As the kernel has it: other files may have been moved there.</summary>
        public bool IsAt(string name) => Path.GetFileName(new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{Stream.SafeFileHandle.DangerousGetHandle()}")).LinkTarget) == Path.GetFileName(name);

        public void Reopen(string again)
        {
            Stream.Dispose();
            Stream = Open(again);
        }

        public void Dispose() => Stream.Dispose();

        private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }
}
