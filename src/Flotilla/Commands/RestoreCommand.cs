using System.CommandLine;
using Flotilla.Backups;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>A control plane from a backup, on this or another machine.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A backup." };
        var command = new Command("restore", "Bring a control plane back from a backup, into an empty data directory.") { file };
        var flags = ClusterFlags.Configure(command);
        var passphrase = BackupCommand.AddPassphrase(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Preflight.CheckPrivilege("flotilla restore");
            var here = flags.Read(parsed);
            Restoring.CheckEmpty(here.DataDirectory);
            var content = BackupFile.Read(parsed.GetValue(file)!, Passphrase.ReadFile(parsed.GetValue(passphrase)));
            var settings = flags.Read(parsed, Restoring.SettingsFor(content, here));
            settings.Validate();
            await Restoring.ApplyAsync(content, settings, cancellationToken);
            Console.WriteLine(
                $"""
                {content.Manifest.Objects} objects are back in {settings.DataDirectory}, as of {content.Manifest.TakenAt:u}.
                Start the cluster with: flotilla up --data-dir {settings.DataDirectory}{(settings.Seal.IsOn ? "\nIt starts locked, and the swarm's unlock key of that time opens it (docker swarm unlock)." : "")}
                """);
        });
        return command;
    }
}
