using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Backups;

/// <summary>Makes a data directory of a backup. Certificates for this machine's addresses are issued at the next start, by the same authority.</summary>
internal static class Restoring
{
    /// <summary>
    /// What was written after the backup is gone, and clients may have seen it. No revision of that time may come again with
    /// another meaning, so the new ones begin far behind it; clients find theirs too old and list again.
    /// </summary>
    private const long RevisionsSkipped = 1_000_000;

    /// <summary>How the cluster was, on this machine: what concerned only the other is left out.</summary>
    public static ClusterSettings SettingsFor(BackupContent content, ClusterSettings here)
    {
        var before = ClusterSettings.FromJson(content.Files[ClusterSettings.FileName]);
        return here with
        {
            ApiPort = before.ApiPort,
            PodCidr = before.PodCidr,
            ServiceCidr = before.ServiceCidr,
            NodeName = content.Manifest.NodeName,
            NetworkBackend = before.NetworkBackend,
            NodeGracePeriod = before.NodeGracePeriod,
            Ingress = before.Ingress with { AccessLog = here.Ingress.AccessLog },

            // A cluster of one member again, which others can join.
            Datastore = here.Datastore.IsEtcd || before.Datastore.Etcd is not { } etcd ? here.Datastore : here.Datastore with { Etcd = etcd with { InitialCluster = null } },
        };
    }

    /// <exception cref="UserError">There is a cluster already.</exception>
    public static void CheckEmpty(string dataDirectory)
    {
        if (ClusterSettings.IsIn(dataDirectory) || Directory.Exists(Path.Combine(dataDirectory, "pki")))
        {
            throw new UserError($"There is a cluster in {dataDirectory}; name an empty directory by --data-dir, or delete it with 'flotilla down --purge'.");
        }
    }

    public static async Task ApplyAsync(BackupContent content, ClusterSettings settings, CancellationToken cancellationToken)
    {
        BackupCheck.Verify(content);
        Directory.CreateDirectory(settings.DataDirectory);
        var after = new Revision(content.Manifest.Revision + RevisionsSkipped);
        if (settings.Datastore.Etcd is not null)
        {
            await EtcdMigration.FillAsync(settings, after, content.State, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
        }
        else if (settings.Datastore.Endpoints.Count > 0)
        {
            await EtcdDump.WriteAsync(Datastore.OptionsFor(settings, TimeProvider.System), after, content.State, TimeProvider.System, NullLogger<EtcdStore>.Instance, cancellationToken);
        }
        else
        {
            SqliteDump.Write(settings.Database, after, content.State);
        }

        await WriteKeysAsync(content, settings, cancellationToken);
        LeftBehind.GoOn(settings, TimeProvider.System);

        // Last: with the settings, there is a cluster.
        settings.Save();
    }

    /// <summary>Puts a server's own backup in the place of its data, which nobody has open. What it has beside that stays.</summary>
    public static async Task ReturnAsync(string path, ClusterSettings settings, CancellationToken cancellationToken)
    {
        var content = BackupFile.Read(path, Passphrase.ReadFile(settings.Backup.PassphraseFile));
        BackupCheck.Verify(content);
        var unfinished = settings.Database + ".new";
        DeleteDatabase(unfinished);
        SqliteDump.Write(unfinished, new Revision(content.Manifest.Revision + RevisionsSkipped), content.State);
        await WriteKeysAsync(content, settings, cancellationToken);
        DeleteDatabase(settings.Database);
        File.Move(unfinished, settings.Database);
        DeleteDatabase(unfinished);
        (ClusterSettings.FromJson(content.Files[ClusterSettings.FileName]) with { DataDirectory = settings.DataDirectory }).Save();
    }

    private static void DeleteDatabase(string path)
    {
        foreach (var file in (string[])[path, path + "-wal", path + "-shm", path + ".lock"])
        {
            File.Delete(file);
        }
    }

    private static Task WriteKeysAsync(BackupContent content, ClusterSettings settings, CancellationToken cancellationToken) =>
        ClusterKeys.WriteAsync(settings.IdentityDirectory, content.Files.Where(file => file.Key.StartsWith("pki/", StringComparison.Ordinal)), cancellationToken);
}
