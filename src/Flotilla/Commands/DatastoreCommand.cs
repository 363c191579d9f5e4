using System.CommandLine;
using Flotilla.Backups;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Commands;

/// <summary>From the file of one server to an etcd that several can share.</summary>
internal static class DatastoreCommand
{
    public static Command Create()
    {
        var migrate = new Command("migrate", "Move the objects of a server that is stopped from its file into an empty etcd, or one that the server runs itself (--cluster-init); a backup is taken first.");
        var which = ClusterFlags.Find(migrate);
        var datastore = new DatastoreFlags();
        foreach (var option in datastore.All)
        {
            migrate.Options.Add(option);
        }

        migrate.SetAction((parsed, cancellationToken) =>
        {
            var settings = which.ReadServer(parsed);
            return MigrateAsync(settings, datastore.Read(parsed, new DatastoreSettings()), cancellationToken);
        });
        return new Command("datastore", "Where the cluster's objects are kept.") { migrate };
    }

    private static async Task<int> MigrateAsync(ClusterSettings settings, DatastoreSettings target, CancellationToken cancellationToken)
    {
        target.Validate();
        if (!target.IsEtcd)
        {
            throw new UserError("Say where to move to: --cluster-init for an etcd that Flotilla runs, --datastore-endpoint for another.");
        }

        if (settings.Datastore.IsEtcd)
        {
            throw new UserError($"The objects are in etcd already ({(settings.Datastore.Etcd is null ? string.Join(", ", settings.Datastore.Endpoints) : "Flotilla's own")}).");
        }

        // Held until the end: no server may write to the file that is left behind.
        using var held = DataLock.Take(settings);
        var moved = target.Etcd is null
            ? await MoveAsync(settings, target, cancellationToken)
            : await BeginEtcdAsync(settings with { Datastore = target }, cancellationToken);
        Console.WriteLine($"{moved} The next 'flotilla up' uses it.");
        return 0;
    }

    private static async Task<string> MoveAsync(ClusterSettings settings, DatastoreSettings target, CancellationToken cancellationToken)
    {
        using var state = SqliteDump.Open(settings.Database);
        var backup = new BackupFolder(settings, TimeProvider.System).Take(state);
        var moved = settings with { Datastore = target };
        await EtcdDump.WriteAsync(Datastore.OptionsFor(moved, TimeProvider.System), state.Revision, state.Entries, TimeProvider.System, NullLogger<EtcdStore>.Instance, cancellationToken);
        moved.Save();
        return EtcdMigration.Moved(state, backup);
    }

    // Saved first: if this is interrupted, the server's next start goes on with it.
    private static async Task<string> BeginEtcdAsync(ClusterSettings moved, CancellationToken cancellationToken)
    {
        Preflight.CheckPrivilege("flotilla datastore migrate --cluster-init");
        Preflight.CheckEtcd();
        moved.Save();
        return await EtcdMigration.FinishAsync(moved, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken)
            ?? throw new UserError($"There is no {moved.Database}, so nothing was moved; the next 'flotilla up' begins with an empty etcd.");
    }
}
