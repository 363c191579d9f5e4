using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd.Running;

/// <summary>
/// Passes on what etcd writes to its file, from now on: a line of JSON each, or plain words when it dies. What is usual
/// counts as debugging. A file that has grown is emptied once everything in it has been passed on.
/// </summary>
internal sealed partial class EtcdLog(string path, TimeProvider time, ILogger logger) : BackgroundService
{
    private const long MostBytes = 8 * 1024 * 1024;
    private const int LastBytes = 32 * 1024;

    // Among the first words of each process.
    private const string Beginning = "configuring peer listeners";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private long read = File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>Whether the member ended because the others have removed it, or have left it behind.</summary>
    public static bool SaysRemoved(string line) =>
        line.Contains("data-dir used by this member must be removed", StringComparison.Ordinal) || line.Contains("the member has been permanently removed from the cluster", StringComparison.Ordinal);

    /// <summary>Also what has not been passed on yet. A member that was removed says so, and after it how it ends.</summary>
    public string? ReadLastLine()
    {
        using var file = Open();
        file?.Seek(-Math.Min(file.Length, LastBytes), SeekOrigin.End);
        string[] lines = file is null ? [] : new StreamReader(file).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] latest = lines[Math.Max(0, Array.FindLastIndex(lines, line => line.Contains(Beginning, StringComparison.Ordinal)))..];
        return (latest.LastOrDefault(SaysRemoved) ?? latest.LastOrDefault()) is { } last ? Parse(last).Text : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                PassOn();
            }
            catch (IOException failure)
            {
                Log.Unreadable(logger, failure.Message);
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        PassOn();
    }

    private void PassOn()
    {
        using var file = Open();
        if (file is null)
        {
            return;
        }

        read = Math.Min(read, file.Length);
        file.Seek(read, SeekOrigin.Begin);
        var buffer = new byte[64 * 1024];
        while (file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) is var count and > 0)
        {
            var whole = buffer.AsSpan(0, count).LastIndexOf((byte)'\n') + 1;
            foreach (var line in Encoding.UTF8.GetString(buffer, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Write(line);
            }

            read += whole > 0 ? whole : count == buffer.Length ? count : 0;
            if (whole == 0 && count < buffer.Length)
            {
                break;
            }

            file.Seek(read, SeekOrigin.Begin);
        }

        if (read > MostBytes && read == file.Length)
        {
            file.SetLength(0);
            read = 0;
        }
    }

    private void Write(string line)
    {
        var (level, text) = Parse(line);
        logger.Log(level, default, text, null, (words, _) => words);
    }

    private static (LogLevel Level, string Text) Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var fields = document.RootElement.EnumerateObject().ToList();
            var level = Text("level") switch { "debug" or "info" => LogLevel.Debug, "warn" => LogLevel.Warning, _ => LogLevel.Error };
            var more = fields.Where(field => field.Name is not ("level" or "ts" or "caller" or "msg" or "stacktrace")).Select(field => $"{field.Name}={field.Value}");

            // Requests are quoted, with whatever bytes are in their keys.
            return (level, string.Concat(string.Join(' ', [Text("msg"), .. more]).Select(letter => char.IsControl(letter) ? '?' : letter)));

            string Text(string name) => fields.FirstOrDefault(field => field.NameEquals(name)).Value is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";
        }
        catch (JsonException)
        {
            // etcd's last words are not JSON.
            return (LogLevel.Warning, line);
        }
    }

    private FileStream? Open() => File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete) : null;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The log cannot be read: {Why}")]
        public static partial void Unreadable(ILogger logger, string why);
    }
}
