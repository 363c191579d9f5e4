using System.Security.Cryptography.X509Certificates;
using Flotilla.Storage.Etcd.Running;

namespace Flotilla.Server.Identity;

/// <summary>
/// By what servers and members of etcd recognize one another: an authority that signs nothing else, and this server's
/// certificates, in a directory of their own. A server that joins needs <see cref="SharedFiles"/> first; all else is made
/// and renewed in place. etcd reads its own keys from a directory that is not kept on disk, so that the others may be sealed.
/// May be used from any thread.
/// </summary>
public sealed class EtcdIdentity
{
    /// <summary>What all servers have in common, by their paths in the directory; the key is secret.</summary>
    public static readonly IReadOnlyList<string> SharedFiles = ["ca.crt", "ca.key"];

    private const string Server = "server";
    private const string Peer = "peer";
    private const string Client = "client";

    private readonly Lock gate = new();
    private readonly CertificateFiles files;
    private readonly CertificateAuthority authority;
    private readonly PrivateFiles openKeys;
    private readonly IReadOnlyList<string> names;
    private X509Certificate2 client;

    private EtcdIdentity(PrivateFiles directory, PrivateFiles openKeys, IEnumerable<string> names, TimeProvider time)
    {
        this.openKeys = openKeys;
        files = new CertificateFiles(directory, time);
        authority = new CertificateAuthority(files.LoadAuthority("ca", "flotilla-etcd-ca"), time);
        this.names = [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
        CaCertificate = X509Certificate2.CreateFromPem(authority.Pem);
        client = LoadClient();
        Renew();
    }

    public X509Certificate2 CaCertificate { get; }

    /// <summary>By this a server proves itself to every member; renewed long before it expires.</summary>
    public X509Certificate2 ClientCertificate
    {
        get
        {
            lock (gate)
            {
                return files.IsNearExpiry(client) ? client = LoadClient() : client;
            }
        }
    }

    /// <param name="openKeys">Where etcd finds its keys: a directory of <c>/run</c>.</param>
    /// <param name="names">Names and addresses at which clients and other members find this machine, loopback among them.</param>
    /// <param name="seal">null: nothing is ever sealed.</param>
    /// <exception cref="InvalidDataException">The authority's files do not belong together.</exception>
    /// <exception cref="SealedException">They are sealed, and nobody holds the key.</exception>
    public static EtcdIdentity LoadOrCreate(string directory, string openKeys, IEnumerable<string> names, TimeProvider time, FileSeal? seal = null) =>
        new(new PrivateFiles(directory, seal), new PrivateFiles(openKeys), names, time);

    /// <summary>What the member of this machine is told to read; nothing of it need be there.</summary>
    public static EtcdCertificateFiles FilesIn(string directory, string openKeys)
    {
        return new EtcdCertificateFiles(In(directory, "ca.crt"), In(directory, $"{Server}.crt"), In(openKeys, $"{Server}.key"), In(directory, $"{Peer}.crt"), In(openKeys, $"{Peer}.key"));

        static string In(string directory, string name) => Path.Combine(directory, name);
    }

    /// <summary>Replaces what expires soon; etcd reads it at its next connection.</summary>
    public void Renew()
    {
        foreach (var name in (string[])[Server, Peer])
        {
            var issued = files.LoadOrIssue(name, [CaCertificate], certificate => CertificateFiles.IsFor(certificate, names), () => authority.IssueMember($"etcd-{name}", names, CertificateFiles.Lifetime));
            if (openKeys.Read($"{name}.key") != issued.KeyPem)
            {
                openKeys.WriteSecret($"{name}.key", issued.KeyPem);
            }
        }
    }

    // Without the detour over PKCS 12 a certificate's key cannot be used for TLS everywhere.
    private X509Certificate2 LoadClient()
    {
        using var loaded = files.LoadOrIssue(Client, [CaCertificate], _ => true, () => authority.IssueClient("flotilla-etcd-client", [], CertificateFiles.Lifetime)).Load();
        return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
    }
}
