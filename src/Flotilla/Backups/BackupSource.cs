using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Backups;

/// <summary>
/// What is stored, whether a server has it open or not. Of etcd the objects are read at one revision, too, instead of a
/// snapshot of its database: one kind of backup comes back onto any store, without etcd's tools, and is checked whole.
/// </summary>
internal static class BackupSource
{
    /// <param name="open">The store that this process has open; null: none.</param>
    public static async Task<StoreDump> OpenAsync(ClusterSettings settings, IStore? open, CancellationToken cancellationToken)
    {
        if (!settings.Datastore.IsEtcd)
        {
            return SqliteDump.Open(settings.Database);
        }

        if (open is not null)
        {
            return StoreDump.Of(await open.ListAsync("", null, 0, null, cancellationToken));
        }

        return await EtcdState.ReadAsync(Datastore.OptionsFor(settings, TimeProvider.System), settings.DataDirectory, TimeProvider.System, NullLogger<EtcdStore>.Instance, cancellationToken);
    }
}
