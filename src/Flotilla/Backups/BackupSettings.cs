using Flotilla.Local;

namespace Flotilla.Backups;

/// <summary>When the control plane is backed up and where to.</summary>
internal sealed record BackupSettings
{
    /// <summary>null: <c>backups</c> in the data directory.</summary>
    public string? Directory { get; init; }

    /// <summary>Hours between backups; 0: none but those that are asked for.</summary>
    public int EveryHours { get; init; } = 12;

    /// <summary>How many there are at most; the oldest go.</summary>
    public int Keep { get; init; } = 5;

    /// <summary>Its first line seals them; null: they are not sealed.</summary>
    public string? PassphraseFile { get; init; }

    /// <exception cref="UserError">A number out of range, or a file that is not there.</exception>
    public void Validate()
    {
        if (EveryHours is < 0 or > 8760)
        {
            throw new UserError($"--backup-every {EveryHours} must be between 0 (never) and 8760 hours.");
        }

        if (Keep is < 1 or > 1000)
        {
            throw new UserError($"--backup-keep {Keep} must be between 1 and 1000.");
        }

        Passphrase.ReadFile(PassphraseFile);
    }
}
