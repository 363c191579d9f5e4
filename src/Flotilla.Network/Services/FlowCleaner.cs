using System.Globalization;
using Flotilla.Linux.Commands;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Services;

/// <summary>
/// Ends UDP flows to endpoints that are gone. UDP has no end of its own: a client that keeps sending would be led to
/// the old endpoint for as long as it sends. Needs the <c>conntrack</c> command; without it flows end by timeout.
/// </summary>
public sealed partial class FlowCleaner(HostCommands commands, ILogger logger)
{
    private bool isMissing;

    /// <summary>What an owner's rules led to and do not any more. Pure.</summary>
    public static IEnumerable<UdpTarget> Ended(RuleSet? old, RuleSet? now) =>
        old is null ? [] : now is null ? old.UdpTargets : old.UdpTargets.Except(now.UdpTargets);

    public async Task CleanAsync(IReadOnlyCollection<UdpTarget> ended, CancellationToken cancellationToken)
    {
        foreach (var target in ended)
        {
            if (isMissing)
            {
                return;
            }

            try
            {
                // Exit code 1 means that there was no such flow.
                await commands.RunAsync("conntrack", Arguments(target), cancellationToken);
            }
            catch (CommandException error)
            {
                isMissing = true;
                Log.Missing(logger, error.Message);
            }
        }
    }

    private static List<string> Arguments(UdpTarget target)
    {
        List<string> arguments =
        [
            "-D", "-f", Family.V6.Has(target.EndpointAddress) ? "ipv6" : "ipv4", "-p", "udp", "--orig-port-dst", target.Port.ToString(CultureInfo.InvariantCulture),
            "--dst-nat", target.EndpointAddress,
        ];
        if (target.Address is not null)
        {
            arguments.AddRange(["--orig-dst", target.Address]);
        }

        return arguments;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "UDP flows to removed endpoints end by timeout only: {Reason}")]
        public static partial void Missing(ILogger logger, string reason);
    }
}
