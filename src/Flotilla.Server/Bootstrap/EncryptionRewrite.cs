using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Bootstrap;

/// <summary>After a start: brings what is stored in the clear, or under an older key, under the newest one.</summary>
internal sealed partial class EncryptionRewrite(EncryptedStore store, TimeProvider time, ILogger<EncryptionRewrite> logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The start does not wait for this.
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await store.RewriteAsync(stoppingToken) is > 0 and var count)
                {
                    Log.Rewritten(logger, count);
                }

                return;
            }
            catch (StorageException error)
            {
                Log.Failed(logger, error);
                await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} stored objects are encrypted with the newest key now")]
        public static partial void Rewritten(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Encrypting stored objects with the newest key failed; it is tried again")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
