using Flotilla.Network.Commands;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Services;

/// <summary>The kernel's copy of the rules. Not thread safe.</summary>
public sealed partial class NftTable(NetworkOptions options, HostCommands commands, bool seesBridgedPackets, ILogger logger)
{
    /// <summary>What the kernel holds; null when that is not known for sure.</summary>
    public RuleSet? Applied { get; private set; }

    /// <summary>Makes the table say <paramref name="wanted"/>, in one transaction: the difference, or everything when in doubt.</summary>
    public async Task ApplyAsync(RuleSet wanted, CancellationToken cancellationToken)
    {
        if (Applied is { } old)
        {
            var script = RuleScript.Difference(options.TableName, old, wanted);
            var result = script.Length == 0 ? null : await RunAsync(script, cancellationToken);
            if (result is null or { Succeeded: true })
            {
                Applied = wanted;
                return;
            }

            // Somebody changed the table, or flushed everything: start over.
            Log.Resync(logger, result.Error.Trim());
            Applied = null;
        }

        var everything = BaseTable.Script(options, seesBridgedPackets) + RuleScript.Difference(options.TableName, new RuleSet(), wanted);
        var full = await RunAsync(everything, cancellationToken);
        if (!full.Succeeded)
        {
            throw new CommandException($"nft refused the service rules: {full.Error.Trim()}");
        }

        Applied = wanted;
    }

    /// <summary>Others may flush all rules; then the next application writes everything.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (!(await commands.RunAsync("nft", ["list", "chain", "ip", options.TableName, Names.Refuse], cancellationToken)).Succeeded)
        {
            Applied = null;
        }
    }

    private Task<CommandResult> RunAsync(string script, CancellationToken cancellationToken) =>
        commands.RunAsync("nft", ["-f", "-"], script, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Service rules did not match the kernel's; writing them anew ({Reason})")]
        public static partial void Resync(ILogger logger, string reason);
    }
}
