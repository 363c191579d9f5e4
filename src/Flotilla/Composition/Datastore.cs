using System.Security.Cryptography.X509Certificates;
using Flotilla.Client.Joining;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>Where the cluster's objects are kept: a file of this machine, a cluster of etcd, or one that the servers run.</summary>
internal sealed class Datastore(IStore store, ManagedEtcd? etcd) : IAsyncDisposable
{
    public IStore Store { get; } = store;

    /// <summary>Null: the servers run none.</summary>
    public ManagedEtcd? Etcd { get; } = etcd;

    /// <summary>For a server: also runs what it needs.</summary>
    /// <exception cref="StorageException">In use, damaged, or not reachable.</exception>
    public static async Task<Datastore> StartAsync(ClusterSettings settings, StartupProgress progress, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (settings.Datastore.Etcd is null)
        {
            return new Datastore(await OpenAsync(settings, time, loggers, cancellationToken), null);
        }

        if (await EtcdMigration.FinishAsync(settings, time, loggers, cancellationToken) is { } moved)
        {
            progress.Report(moved);
        }

        var etcd = await ManagedEtcd.StartAsync(settings, time, loggers, cancellationToken);
        try
        {
            var store = await etcd.OpenAsync(progress.Report, cancellationToken);
            await etcd.ServeAsync(store, cancellationToken);
            return new Datastore(store, etcd);
        }
        catch
        {
            await etcd.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is there or runs.</summary>
    /// <exception cref="StorageException">In use, damaged, or not reachable.</exception>
    public static async Task<IStore> OpenAsync(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        settings.Datastore.IsEtcd
            ? await EtcdStore.OpenAsync(OptionsFor(settings, time), new StorageOptions(), time, loggers.CreateLogger<EtcdStore>(), cancellationToken)
            : SqliteStore.Open(settings.Database, new StorageOptions(), time, loggers.CreateLogger<SqliteStore>());

    public static EtcdOptions OptionsFor(ClusterSettings settings, TimeProvider time) =>
        settings.Datastore.Etcd is null ? OptionsFor(settings.Datastore) : ManagedEtcd.OptionsFor(settings, ManagedEtcd.IdentityFor(settings, time));

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        if (Etcd is not null)
        {
            await Etcd.DisposeAsync();
        }
    }

    private static EtcdOptions OptionsFor(DatastoreSettings settings)
    {
        var authorities = settings.CaFile is null ? null : new X509Certificate2Collection();
        if (settings.CaFile is { } file)
        {
            authorities!.ImportFromPemFile(file);
        }

        return new EtcdOptions
        {
            Endpoints = [.. settings.Endpoints.Select(endpoint => new Uri(endpoint))],
            Authorities = authorities,
            Connect = ServerList.ConnectAsync,
            ClientCertificate = settings is { CertFile: { } certificate, KeyFile: { } key } ? () => Load(certificate, key) : null,
        };
    }

    // Without the detour over PKCS 12 a certificate's key cannot be used for TLS everywhere.
    private static X509Certificate2 Load(string certificate, string key)
    {
        using var loaded = X509Certificate2.CreateFromPemFile(certificate, key);
        return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
    }
}
