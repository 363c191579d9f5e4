using Flotilla.Linux.Commands;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Services;

/// <summary>A table of ours in the kernel, kept equal to a <see cref="RuleLedger"/>. Not thread safe.</summary>
/// <param name="name">With its family, like <c>ip flotilla</c>.</param>
/// <param name="basis">Replaces the table by what is in it always.</param>
/// <param name="witness">A chain that is in it always.</param>
public sealed partial class NftTable(string name, string basis, string witness, HostCommands commands, ILogger logger)
{
    private bool isKnown;

    public RuleLedger Rules { get; } = new();

    /// <summary>How often everything was written: once, unless others interfere.</summary>
    public int FullWrites { get; private set; }

    /// <summary>Makes the table say what the rules say, in one transaction: the difference, or everything when in doubt.</summary>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        if (isKnown)
        {
            var change = Rules.Change();
            var result = change.IsEmpty ? null : await RunAsync(RuleScript.For(name, change), cancellationToken);
            if (result is null or { Succeeded: true })
            {
                Rules.Applied();
                return;
            }

            // Somebody changed the table, or flushed everything: start over.
            Log.Resync(logger, name, result.Error.Trim());
            isKnown = false;
        }

        var full = await RunAsync(basis + RuleScript.For(name, Rules.All()), cancellationToken);
        if (!full.Succeeded)
        {
            throw new CommandException($"nft refused the rules of table {name}: {Shorten(full.Error)}");
        }

        Rules.Applied();
        FullWrites++;
        isKnown = true;
    }

    /// <summary>Others may flush all rules; then the next application writes everything.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (!(await commands.RunAsync("nft", ["list", "chain", .. name.Split(' '), witness], cancellationToken)).Succeeded)
        {
            isKnown = false;
        }
    }

    private Task<CommandResult> RunAsync(string script, CancellationToken cancellationToken) =>
        commands.RunAsync("nft", ["-f", "-"], script, cancellationToken);

    // It repeats the line, which may be as long as all services together.
    private static string Shorten(string error) => error.Trim() is { Length: > 500 } all ? all[..500] + "..." : error.Trim();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The rules of table {Table} were not as expected; writing them anew ({Reason})")]
        public static partial void Resync(ILogger logger, string table, string reason);
    }
}
