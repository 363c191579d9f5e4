using System.Net;
using Flotilla.Client.Streams;
using Flotilla.Linux.Commands;
using Flotilla.Local.Nodes;
using Flotilla.Server.Membership;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>
/// Leads the API's address on this machine to this server while it is the first of those that answer. A machine that fell silent
/// is noticed here sooner than it is taken for gone, since clients wait; two that both think they are first do no harm:
/// the address leads to one of them. One loop.
/// </summary>
/// <param name="others">The other servers that are not gone; null: nobody knows.</param>
internal sealed partial class ApiAddressService(ApiAddress address, ServerMember own, Func<IReadOnlyList<ServerMember>?> others, TimeProvider time, ILogger<ApiAddressService> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(150);

    // Of a kernel on this machine or near it. Twice in a row, it is silent.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    // Somebody may have removed the rule.
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(10);

    /// <summary>Whether the address is to lead here: no server before this one by name is heard, and this one is not itself cut off from most.</summary>
    public static bool Leads(string own, IReadOnlyList<ServerMember> others, IReadOnlyList<ServerMember> silent) =>
        others.Except(silent).All(other => string.CompareOrdinal(own, other.Name) < 0) && silent.Count * 2 <= others.Count + 1;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long? written = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (others() is not { } known || await SilentAsync(known, stoppingToken) is var silent && !Leads(own.Name, known, silent))
                {
                    written = null;
                }
                else if (written is not { } last || time.GetElapsedTime(last) > Again)
                {
                    await address.LeadToAsync(IPAddress.Parse(own.Address), own.Port, [.. silent.Select(server => server.Address)], stoppingToken);
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

    private static async Task<IReadOnlyList<ServerMember>> SilentAsync(IReadOnlyList<ServerMember> servers, CancellationToken cancellationToken)
    {
        var silent = await Task.WhenAll(servers.Select(async server =>
            !await SilentMachine.AnswersAsync(server.Address, server.Port, Patience, cancellationToken)
            && !await SilentMachine.AnswersAsync(server.Address, server.Port, Patience, cancellationToken)));
        return [.. servers.Where((_, place) => silent[place])];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The API's address on this machine does not lead to this server: {Why}")]
        public static partial void NotWritten(ILogger logger, string why);
    }
}
