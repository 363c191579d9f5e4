using Flotilla.Backups;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Etcd.Running;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>
/// From the file of a single server into an etcd of its own. While the file is there nobody has worked with that etcd, so
/// a move that was interrupted begins anew.
/// </summary>
internal static class EtcdMigration
{
    /// <summary>Moves what a server that is to run etcd still has in its file; a backup is taken first.</summary>
    /// <returns>What was done; null: there was nothing to do.</returns>
    public static async Task<string?> FinishAsync(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (!File.Exists(settings.Database) || settings.Datastore.Etcd!.InitialCluster is not null)
        {
            return null;
        }

        string told;
        using (var state = SqliteDump.Open(settings.Database))
        {
            var backup = new BackupFolder(settings, time).Take(state);
            await FillAsync(settings, state.Revision, state.Entries, time, loggers, cancellationToken);
            told = Moved(state, backup);
        }

        // The log of the database goes with it, but only after it: alone it could be taken for that of another.
        foreach (var suffix in (string[])["", "-wal", "-shm"])
        {
            if (File.Exists(settings.Database + suffix))
            {
                File.Move(settings.Database + suffix, $"{settings.Database}.moved{suffix}", overwrite: true);
            }
        }

        return told;
    }

    public static string Moved(StoreDump state, string backup) => $"{state.Count} objects are in etcd now and their revisions go on; as they were in the file: {backup}.";

    /// <summary>Makes the first member of a cluster, with this content, and ends it again.</summary>
    /// <param name="after">The store's revisions go on after it.</param>
    public static async Task FillAsync(ClusterSettings settings, Revision after, IEnumerable<StoredEntry> entries, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var member = ManagedEtcd.MemberFor(settings);
        await EtcdProcess.StopAsync(member, cancellationToken);
        DataRemoval.Delete(member.DataDirectory);
        await using var etcd = await ManagedEtcd.StartAsync(settings, time, loggers, cancellationToken);
        await EtcdDump.WriteAsync(Datastore.OptionsFor(settings, time), after, entries, time, loggers.CreateLogger<EtcdStore>(), cancellationToken);
    }
}
