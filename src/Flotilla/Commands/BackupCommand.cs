using System.CommandLine;
using System.Globalization;
using Flotilla.Backups;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>Backups of the control plane: its objects, keys and settings in one file each.</summary>
internal static class BackupCommand
{
    public static Command Create() => new("backup", "Back up the control plane: its objects, keys and settings, in one file.") { Now(), List(), Verify() };

    private static Command Now()
    {
        var command = new Command("now", "Take a backup, whether the server runs or not.");
        var flags = ClusterFlags.Find(command);
        var passphrase = AddPassphrase(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = flags.ReadServer(parsed);
            settings = settings with { Backup = settings.Backup with { PassphraseFile = parsed.GetValue(passphrase) ?? settings.Backup.PassphraseFile } };
            using var state = await BackupSource.OpenAsync(settings, null, cancellationToken);
            var path = new BackupFolder(settings, TimeProvider.System).Take(state);
            Console.WriteLine($"{path}: {state.Count} objects{(BackupFile.IsSealed(path) ? ", sealed" : "; whoever has this file has the cluster's keys")}");
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the backups, the newest first.");
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed =>
        {
            var folder = new BackupFolder(flags.ReadServer(parsed), TimeProvider.System);
            var backups = folder.List();
            if (backups.Count == 0)
            {
                Console.WriteLine($"There is no backup in {folder.Path}; 'flotilla backup now' takes one.");
                return;
            }

            Console.WriteLine("TAKEN                       SIZE  SEALED  FILE");
            foreach (var file in backups)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{BackupFolder.TakenAt(file):u}  {file.Length / 1024.0,6:0} KiB  {(BackupFile.IsSealed(file.FullName) ? "yes" : "no"),-6}  {file.FullName}"));
            }
        });
        return command;
    }

    private static Command Verify()
    {
        var file = new Argument<string>("file") { Description = "A backup." };
        var command = new Command("verify", "Prove that a backup is whole and that a cluster could come back from it.") { file };
        var passphrase = AddPassphrase(command);
        command.SetAction(parsed =>
        {
            var content = BackupFile.Read(parsed.GetValue(file)!, Passphrase.ReadFile(parsed.GetValue(passphrase)));
            BackupCheck.Verify(content);
            var manifest = content.Manifest;
            Console.WriteLine($"whole: {manifest.Objects} objects of {manifest.NodeName} at revision {manifest.Revision}, taken {manifest.TakenAt:u} by version {manifest.Version}");
        });
        return command;
    }

    public static Option<string?> AddPassphrase(Command command)
    {
        var option = new Option<string?>("--passphrase-file") { Description = "A file whose first line seals the backup." };
        command.Options.Add(option);
        return option;
    }
}
