using Flotilla.Api;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Bootstrap;

/// <summary>Keeps visible in the cluster that this server is here: its lease, and the service that leads to it. One loop.</summary>
internal sealed partial class ServerPresence(ServerEndpoints endpoints, ServerLease lease, TimeProvider time, ILogger<ServerPresence> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await lease.RenewAsync(stoppingToken);
                await lease.CollectAsync(stoppingToken);
                await endpoints.EnsureAsync(stoppingToken);
            }
            catch (Exception error) when (error is ApiException or StorageException)
            {
                Log.Failed(logger, error);
            }

            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await endpoints.LeaveAsync(cancellationToken);
        }
        catch (StorageException error)
        {
            Log.Failed(logger, error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What tells of this server could not be kept; trying again")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
