using System.Net;
using Flotilla.Local.Nodes;
using Flotilla.Network.Commands;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>
/// Leads the API's address on this machine to this server while it is the first of those that answer. Two that both think so
/// do no harm: the address leads to one of them. One loop.
/// </summary>
/// <param name="isFirst">Of the servers that answer.</param>
internal sealed partial class ApiAddressService(ApiAddress address, IPAddress own, int port, Func<bool> isFirst, TimeProvider time, ILogger<ApiAddressService> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300);

    // Somebody may have removed the rule.
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long? written = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!isFirst())
                {
                    written = null;
                }
                else if (written is not { } last || time.GetElapsedTime(last) > Again)
                {
                    await address.LeadToAsync(own, port, stoppingToken);
                    written = time.GetTimestamp();
                }
            }
            catch (CommandException failure)
            {
                Log.NotWritten(logger, failure.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The API's address on this machine does not lead to this server: {Why}")]
        public static partial void NotWritten(ILogger logger, string why);
    }
}
