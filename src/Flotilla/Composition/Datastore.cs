using System.Security.Cryptography.X509Certificates;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>Where the cluster's objects are kept: a file of this machine, or a cluster of etcd.</summary>
internal static class Datastore
{
    /// <exception cref="StorageException">In use, damaged, or not reachable.</exception>
    public static async Task<IStore> OpenAsync(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        settings.Datastore.Endpoints is { Count: > 0 }
            ? await EtcdStore.OpenAsync(OptionsFor(settings.Datastore), new StorageOptions(), time, loggers.CreateLogger<EtcdStore>(), cancellationToken)
            : SqliteStore.Open(settings.Database, new StorageOptions(), time);

    public static EtcdOptions OptionsFor(DatastoreSettings settings)
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
