using Flotilla.Local;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Backups;

/// <summary>Takes a backup whenever the newest is old enough, across restarts. One loop; a failure is tried again.</summary>
internal sealed partial class BackupService(ClusterSettings settings, IStore store, TimeProvider time, ILogger<BackupService> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(5);

    private readonly BackupFolder folder = new(settings, time);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (settings.Backup.EveryHours > 0 && !stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Look, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stoppingToken.IsCancellationRequested && IsDue())
            {
                await TakeAsync(stoppingToken);
            }
        }
    }

    private bool IsDue() =>
        folder.List() is not [var newest, ..] || BackupFolder.TakenAt(newest) is not { } at || time.GetUtcNow() - at >= TimeSpan.FromHours(settings.Backup.EveryHours);

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var dump = await BackupSource.OpenAsync(settings, store, cancellationToken);
            var path = folder.Take(dump);
            Log.Taken(logger, path);
        }
        catch (Exception failure) when (failure is IOException or UserError or StorageException or UnauthorizedAccessException)
        {
            Log.Failed(logger, failure.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Backup taken: {Path}")]
        public static partial void Taken(ILogger logger, string path);

        [LoggerMessage(Level = LogLevel.Error, Message = "No backup could be taken: {Why}")]
        public static partial void Failed(ILogger logger, string why);
    }
}
