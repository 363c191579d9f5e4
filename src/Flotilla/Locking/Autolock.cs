using Flotilla.Backups;
using Flotilla.Local;
using Flotilla.Server.Identity;
using Flotilla.Storage;

namespace Flotilla.Locking;

/// <summary>
/// This server's keys under the swarm's unlock key: opened at the start, sealed and opened for good while it runs. The file key is
/// in this process's memory alone. Not for several threads.
/// </summary>
internal sealed class Autolock(ClusterSettings settings) : IDisposable
{
    private readonly KeyMemory memory = new(settings.FileKeyLink);
    private readonly FileSeal seal = settings.Seal;

    /// <summary>Whether this server can do nothing yet.</summary>
    public bool IsLocked => seal is { IsOn: true, IsOpen: false };

    /// <summary>False: this is not the unlock key.</summary>
    public bool TryOpen(ReadOnlyMemory<byte> unlockKey)
    {
        if (seal.Unwrap(unlockKey) is not { } key)
        {
            return false;
        }

        memory.Hold(FileSeal.Bytes(key));
        return true;
    }

    /// <summary>Seals what is secret on this machine, so that this key alone opens it; null: opens it for good.</summary>
    /// <param name="identity">Of this server, which writes such files.</param>
    public async Task ApplyAsync(ReadOnlyMemory<byte>? unlockKey, ClusterIdentity identity, CancellationToken cancellationToken)
    {
        if (unlockKey is not { } key)
        {
            identity.Exclusively(Open);
            return;
        }

        if (!seal.IsOn)
        {
            await BeginAsync(key, identity, cancellationToken);
        }
        else if (seal.Unwrap(key) is null)
        {
            seal.Keep(FileSeal.Wrap(seal.FileKey, key));
        }

        // What was written by others meanwhile, or was left by one who was killed.
        identity.Exclusively(seal.SealAll);
    }

    public void Dispose() => memory.Dispose();

    // Backups first: they hold what opens their seal, so that one who is killed in between leaves nothing that stays open.
    private async Task BeginAsync(ReadOnlyMemory<byte> unlockKey, ClusterIdentity identity, CancellationToken cancellationToken)
    {
        var key = EncryptionKey.Create();
        var wrapped = FileSeal.Wrap(key, unlockKey);
        memory.Hold(FileSeal.Bytes(key));
        foreach (var file in new BackupFolder(settings, TimeProvider.System).List().Where(file => !BackupFile.IsSealed(file.FullName)))
        {
            await Task.Run(() => BackupSealing.Seal(file.FullName, seal, wrapped), cancellationToken);
        }

        identity.Exclusively(() => seal.Keep(wrapped));
    }

    private void Open()
    {
        if (seal.IsOn)
        {
            seal.OpenAll();
            memory.Forget();
        }
    }
}
