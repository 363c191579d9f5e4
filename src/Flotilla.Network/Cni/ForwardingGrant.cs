using Flotilla.Linux.Commands;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Cni;

/// <summary>
/// Docker and many firewalls drop everything the machine forwards unless a rule of theirs allows it, and a rule in
/// our own table cannot overrule them. Where such a policy is found, pods are allowed in that table too; it may
/// appear at any time, so it is looked for again and again.
/// </summary>
public sealed partial class ForwardingGrant(NetworkOptions options, HostCommands commands, TimeProvider time, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    /// <summary>Allows pods if needed. False when the machine has no iptables: then nobody can have set such a policy with it.</summary>
    public async Task<bool> EnsureAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var network in options.Families)
            {
                await EnsureAsync(CommandOf(network.Family), cancellationToken);
            }

            return true;
        }
        catch (CommandException error)
        {
            Log.Unavailable(logger, error.Message);
            return false;
        }
    }

    private async Task EnsureAsync(string command, CancellationToken cancellationToken)
    {
        var rules = await commands.RunAsync(command, ["-w", "-S", "FORWARD"], cancellationToken);
        if (!rules.Succeeded || !rules.Output.Contains("-P FORWARD DROP", StringComparison.Ordinal))
        {
            return;
        }

        foreach (var rule in Rules(options))
        {
            if (!(await commands.RunAsync(command, ["-w", "-C", "FORWARD", .. rule], cancellationToken)).Succeeded)
            {
                await commands.DoAsync(command, ["-w", "-I", "FORWARD", .. rule], cancellationToken);
                Log.Granted(logger, options.BridgeName);
            }
        }
    }

    internal static string CommandOf(Family family) => family == Family.V4 ? "iptables" : "ip6tables";

    internal static IEnumerable<string[]> Rules(NetworkOptions options) =>
    [
        ["-i", options.BridgeName, "-j", "ACCEPT"],
        ["-o", options.BridgeName, "-j", "ACCEPT"],
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await EnsureAsync(stoppingToken))
            {
                await Task.Delay(LookEvery, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping; the grant stays for the pods that run on.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "This machine's firewall drops forwarded packets; allowing those of {Bridge}")]
        public static partial void Granted(ILogger logger, string bridge);

        [LoggerMessage(Level = LogLevel.Debug, Message = "No forwarding policy to look after: {Reason}")]
        public static partial void Unavailable(ILogger logger, string reason);
    }
}
