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
        var migrate = new Command("migrate", "Move the objects of a server that is stopped from its file into an empty etcd; a backup is taken first.");
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
        if (target.Endpoints.Count == 0)
        {
            throw new UserError("Name the etcd to move to by --datastore-endpoint.");
        }

        if (settings.Datastore.Endpoints.Count > 0)
        {
            throw new UserError($"The objects are in etcd already ({string.Join(", ", settings.Datastore.Endpoints)}).");
        }

        // Held until the end: no server may write to the file that is left behind.
        using var held = DataLock.Take(settings);
        var state = SqliteDump.Read(settings.Database);
        var backup = new BackupFolder(settings, TimeProvider.System).Take(state);
        await EtcdDump.WriteAsync(Datastore.OptionsFor(target), state.Revision, state.Entries, TimeProvider.System, NullLogger<EtcdStore>.Instance, cancellationToken);
        (settings with { Datastore = target }).Save();
        Console.WriteLine($"{state.Entries.Count} objects are in etcd now and their revisions go on; the next 'flotilla up' uses it. As they were in the file: {backup}");
        return 0;
    }
}
