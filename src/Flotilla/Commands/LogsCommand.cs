using System.CommandLine;
using System.Diagnostics;
using Flotilla.Local;
using Flotilla.Local.Nodes;

namespace Flotilla.Commands;

/// <summary>What the server, or the agent of a node on this machine, has logged.</summary>
internal static class LogsCommand
{
    public static Command Create()
    {
        var node = new Option<string?>("--node") { Description = "A node of this machine (the server)." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is logged from now on." };
        var lines = new Option<int>("--lines", "-l") { Description = "The last so many lines (100).", DefaultValueFactory = _ => 100 };
        var command = new Command("logs", "Show what the server has logged, or a node of this machine.") { node, follow, lines };
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = flags.ReadExisting(parsed);
            var wanted = parsed.GetValue(node) is { } name && name != settings.NodeName ? new LocalNodes(settings).Find(name) : settings;
            if (!File.Exists(wanted.LogFile))
            {
                throw new UserError($"{wanted.LogFile} does not exist: what runs in the foreground logs to its terminal.");
            }

            string[] arguments = ["-n", Math.Max(0, parsed.GetValue(lines)).ToString(System.Globalization.CultureInfo.InvariantCulture), .. parsed.GetValue(follow) ? (string[])["-F"] : [], wanted.LogFile];
            using var tail = Process.Start(new ProcessStartInfo("tail", arguments) { UseShellExecute = false })!;
            await tail.WaitForExitAsync(cancellationToken);
            return tail.ExitCode;
        });
        return command;
    }
}
