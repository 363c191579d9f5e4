using Flotilla.Api;
using Flotilla.Server.Membership;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Bootstrap;

/// <summary>Keeps visible in the cluster which servers are here: this one's lease, and the service that leads to all of them. One loop.</summary>
internal sealed partial class ServerPresence(ServerEndpoints endpoints, ServerLease lease, ServerPeers peers, TimeProvider time, ILogger<ServerPresence> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    // All servers may be stopping.
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = peers.Changed;
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

            // A server that is gone leaves at once.
            await changed.WaitAsync(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The others need not find out.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(LeavePatience);
        try
        {
            await endpoints.LeaveAsync(bounded.Token);
        }
        catch (Exception error) when (error is ApiException or StorageException or OperationCanceledException)
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
