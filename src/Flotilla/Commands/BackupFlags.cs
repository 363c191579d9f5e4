using System.CommandLine;
using Flotilla.Backups;

namespace Flotilla.Commands;

/// <summary>When the control plane is backed up and where to.</summary>
internal sealed class BackupFlags
{
    private readonly Option<string?> directory = new("--backup-dir") { Description = "Where backups of the control plane are kept (backups in the data directory)." };
    private readonly Option<int?> every = new("--backup-every") { Description = "Hours between backups (12); 0: none but those that are asked for." };
    private readonly Option<int?> keep = new("--backup-keep") { Description = "How many are kept (5)." };
    private readonly Option<string?> passphrase = new("--backup-passphrase-file") { Description = "A file whose first line seals the backups." };

    public IEnumerable<Option> All => [directory, every, keep, passphrase];

    /// <summary>What is not said stays as it was.</summary>
    public BackupSettings Read(ParseResult flags, BackupSettings known) => known with
    {
        Directory = flags.GetValue(directory) is { } folder ? Path.GetFullPath(folder) : known.Directory,
        EveryHours = flags.GetValue(every) ?? known.EveryHours,
        Keep = flags.GetValue(keep) ?? known.Keep,
        PassphraseFile = flags.GetValue(passphrase) is { } file ? Path.GetFullPath(file) : known.PassphraseFile,
    };
}
