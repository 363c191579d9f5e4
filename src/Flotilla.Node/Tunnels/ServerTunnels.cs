using System.Net;
using Flotilla.Client.Joining;
using Flotilla.Node.Joining;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Tunnels;

/// <summary>A tunnel to every server that the node knows, so that each of them reaches the node; opened again when it breaks.</summary>
public sealed partial class ServerTunnels(ServerList servers, NodeIdentity identity, IPAddress address, Func<int?> nodePort, TimeProvider time, ILogger<ServerTunnels> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var open = new Dictionary<DnsEndPoint, (Task Work, CancellationTokenSource Ending)>();
        while (!stoppingToken.IsCancellationRequested)
        {
            var known = servers.All;
            foreach (var server in known.Where(server => !open.ContainsKey(server)))
            {
                var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                open[server] = (KeepAsync(server, ending.Token), ending);
            }

            foreach (var gone in open.Keys.Except(known).ToList())
            {
                await EndAsync(open[gone]);
                open.Remove(gone);
            }

            await Task.Delay(LookEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(open.Values.Select(EndAsync));
    }

    private static async Task EndAsync((Task Work, CancellationTokenSource Ending) tunnel)
    {
        await tunnel.Ending.CancelAsync();
        await tunnel.Work;
        tunnel.Ending.Dispose();
    }

    private async Task KeepAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        var retry = FirstRetry;
        var (told, toldRefused) = (false, false);
        List<Task> draining = [];
        while (!cancellationToken.IsCancellationRequested)
        {
            var tunnel = new ServerTunnel(server, identity, address, nodePort);
            var renewed = identity.ClientReplaced;
            draining.RemoveAll(drain => drain.IsCompleted);
            try
            {
                await tunnel.RunAsync(
                    () =>
                    {
                        Log.Connected(logger, ServerList.Text(server));
                        (retry, told, toldRefused) = (FirstRetry, false, false);
                    },
                    renewed,
                    cancellationToken);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
            {
                // A server that was away before it refuses says what is to be done now.
                var isRefused = failure is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized };
                if ((isRefused ? !toldRefused : !told) && failure is not OperationCanceledException && !cancellationToken.IsCancellationRequested)
                {
                    Log.Broken(logger, ServerList.Text(server), failure.InnerException?.Message ?? failure.Message);
                    (told, toldRefused) = (true, isRefused || toldRefused);
                }
            }

            finally
            {
                draining.Add(tunnel.DrainAsync());
            }

            if (renewed.IsCancellationRequested)
            {
                // Nothing is wrong: the next one comes with the new certificate.
                continue;
            }

            await Task.Delay(retry, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
        }

        await Task.WhenAll(draining);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The server at {Server} reaches this node")]
        public static partial void Connected(ILogger logger, string server);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The server at {Server} does not reach this node until it is connected again: {Reason}")]
        public static partial void Broken(ILogger logger, string server, string reason);
    }
}
