using System.Security.Cryptography.X509Certificates;
using Flotilla.Storage.Etcd.Running;

namespace Flotilla.Server.Identity;

/// <summary>
/// By what servers and members of etcd recognize one another: an authority that signs nothing else, and this server's
/// certificates, in a directory of their own. A server that joins needs <see cref="SharedFiles"/> first; all else is made
/// and renewed in place. May be used from any thread.
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
    private readonly IReadOnlyList<string> names;
    private X509Certificate2 client;

    private EtcdIdentity(PrivateFiles directory, IEnumerable<string> names, TimeProvider time)
    {
        files = new CertificateFiles(directory, time);
        authority = new CertificateAuthority(files.LoadAuthority("ca", "flotilla-etcd-ca"), time);
        this.names = [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
        CaCertificate = X509Certificate2.CreateFromPem(authority.Pem);
        Files = new EtcdCertificateFiles(files.CertificateOf("ca"), files.CertificateOf(Server), files.KeyOf(Server), files.CertificateOf(Peer), files.KeyOf(Peer));
        client = LoadClient();
        Renew();
    }

    public X509Certificate2 CaCertificate { get; }

    /// <summary>For this machine's member.</summary>
    public EtcdCertificateFiles Files { get; }

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

    /// <param name="names">Names and addresses at which clients and other members find this machine, loopback among them.</param>
    /// <exception cref="InvalidDataException">The authority's files do not belong together.</exception>
    public static EtcdIdentity LoadOrCreate(string directory, IEnumerable<string> names, TimeProvider time) => new(new PrivateFiles(directory), names, time);

    /// <summary>Replaces what expires soon; etcd reads it at its next connection.</summary>
    public void Renew()
    {
        foreach (var name in (string[])[Server, Peer])
        {
            files.LoadOrIssue(name, CaCertificate, certificate => CertificateFiles.IsFor(certificate, names), () => authority.IssueMember($"etcd-{name}", names, CertificateFiles.Lifetime));
        }
    }

    // Without the detour over PKCS 12 a certificate's key cannot be used for TLS everywhere.
    private X509Certificate2 LoadClient()
    {
        using var loaded = files.LoadOrIssue(Client, CaCertificate, _ => true, () => authority.IssueClient("flotilla-etcd-client", [], CertificateFiles.Lifetime)).Load();
        return X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
    }
}
