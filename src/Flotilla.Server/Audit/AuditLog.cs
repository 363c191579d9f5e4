using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Audit;

/// <summary>Appends events to a file, one per line, and puts the file aside when it has grown. Requests wait for a full queue: nothing is lost.</summary>
internal sealed partial class AuditLog(AuditOptions options, TimeProvider time, ILogger<AuditLog> logger) : BackgroundService
{
    private const int QueueLength = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string BackupTime = "yyyy-MM-dd'T'HH-mm-ss.fff";

    private readonly Channel<byte[]> queue = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(QueueLength) { SingleReader = true });

    public ValueTask WriteAsync(byte[] line, CancellationToken cancellationToken) => queue.Writer.WriteAsync(line, cancellationToken);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // What has been said is written before the end.
        queue.Writer.TryComplete();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        FileStream? file = null;
        try
        {
            while (await queue.Reader.WaitToReadAsync(CancellationToken.None))
            {
                try
                {
                    file = await WriteWaitingAsync(file ?? Open());
                }
                catch (IOException error)
                {
                    Log.Failed(logger, error, options.LogFile);
                    await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    file = null;
                }
            }
        }
        finally
        {
            await (file?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private async Task<FileStream> WriteWaitingAsync(FileStream file)
    {
        while (queue.Reader.TryRead(out var line))
        {
            if (file.Position > 0 && file.Position + line.Length + 1 > options.MaxMegabytes * 1024 * 1024)
            {
                await file.DisposeAsync();
                PutAside();
                file = Open();
            }

            await file.WriteAsync(line);
            file.WriteByte((byte)'\n');
        }

        await file.FlushAsync();
        return file;
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.LogFile))!);
        var file = new FileStream(options.LogFile, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = OwnerOnly });
        file.Seek(0, SeekOrigin.End);
        return file;
    }

    private void PutAside()
    {
        var (directory, name, extension) = (Path.GetDirectoryName(Path.GetFullPath(options.LogFile))!, Path.GetFileNameWithoutExtension(options.LogFile), Path.GetExtension(options.LogFile));
        var now = time.GetUtcNow();
        File.Move(options.LogFile, Path.Combine(directory, $"{name}-{now.ToString(BackupTime, CultureInfo.InvariantCulture)}{extension}"), overwrite: true);
        var backups = Directory.GetFiles(directory, $"{name}-*{extension}").OrderDescending(StringComparer.Ordinal).ToList();
        var oldest = options.MaxAge is { } age ? $"{name}-{(now - age).ToString(BackupTime, CultureInfo.InvariantCulture)}" : "";
        foreach (var (backup, i) in backups.Select((backup, i) => (backup, i)))
        {
            if ((options.MaxBackups > 0 && i >= options.MaxBackups) || string.CompareOrdinal(Path.GetFileName(backup), oldest) < 0)
            {
                File.Delete(backup);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The audit log {File} cannot be written")]
        public static partial void Failed(ILogger logger, Exception error, string file);
    }
}
