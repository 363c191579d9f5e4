using System.CommandLine;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Upgrades;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Another program takes over what runs on this machine: the server first, then its further nodes, one by one.</summary>
internal static class UpgradeCommand
{
    public static readonly TimeSpan UsualPatience = TimeSpan.FromMinutes(3);

    public static Command Create()
    {
        var binary = new Option<string?>("--binary") { Description = "The program that takes over, or its directory (this one)." };
        var timeout = Durations.Option("--timeout", "How long it may take to get ready, before the one of before is back (3m).");
        var command = new Command("upgrade", "Let this program, or another, take over the running cluster; containers go on.") { binary, timeout };
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(
            flags.ReadExisting(parsed), parsed.GetValue(binary) is { } path ? FlotillaProgram.At(path) : FlotillaProgram.Own, parsed.GetValue(timeout) ?? UsualPatience, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, FlotillaProgram program, TimeSpan patience, CancellationToken cancellationToken)
    {
        Preflight.CheckPrivilege("flotilla upgrade");
        var upgrade = new ClusterUpgrade(settings, patience, Show);
        var result = await upgrade.RunAsync(program, cancellationToken);
        await (result.Succeeded ? Console.Out : Console.Error).WriteLineAsync(result.Message);
        return result.Succeeded ? 0 : 1;
    }

    public static void Show(string step, TimeSpan? since) =>
        AnsiConsole.MarkupLine($"[green]✓[/] {step.EscapeMarkup()}{(since is { } span ? $" [grey]{span.TotalSeconds:0.0} s[/]" : "")}");
}
