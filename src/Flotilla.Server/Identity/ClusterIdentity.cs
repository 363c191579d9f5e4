using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client.Joining;
using Flotilla.Storage;

namespace Flotilla.Server.Identity;

/// <summary>
/// Who the cluster is and whom it trusts: its certificate authority, the server's and the administrator's
/// certificates, and the key that signs service account tokens. All of it lives in one directory and is made there
/// once. May be used from any thread.
/// </summary>
public sealed class ClusterIdentity
{
    private static readonly string[] AdminGroups = ["system:masters"];

    private readonly Lock gate = new();
    private readonly CertificateFiles files;
    private readonly CertificateAuthority authority;
    private readonly CertificateAuthority proxies;
    private readonly EncryptionKeyFile encryption;
    private readonly SigningKeys signingKeys;
    private readonly TokenSigner signer;
    private readonly IReadOnlyList<string> serverNames;
    private X509Certificate2 server;
    private X509Certificate2? nodeServer;

    private ClusterIdentity(PrivateFiles directory, IEnumerable<string> serverNames, TimeProvider time)
    {
        files = new CertificateFiles(directory, time);
        this.serverNames = [.. serverNames.Distinct(StringComparer.OrdinalIgnoreCase)];
        authority = new CertificateAuthority(files.LoadAuthority("ca", "flotilla-ca"), time);
        proxies = new CertificateAuthority(files.LoadAuthority("front-proxy-ca", "flotilla-front-proxy-ca"), time);
        ProxyCaCertificate = X509Certificate2.CreateFromPem(proxies.Pem);
        CaCertificate = X509Certificate2.CreateFromPem(authority.Pem);
        server = LoadServer();
        Admin = files.LoadOrIssue("admin", CaCertificate, _ => true, () => authority.IssueClient("kubernetes-admin", AdminGroups, CertificateFiles.Lifetime));
        FrontProxy = files.LoadOrIssue("front-proxy-client", ProxyCaCertificate, _ => true, () => proxies.IssueClient("front-proxy-client", [], CertificateFiles.Lifetime));
        NodeClient = files.LoadOrIssue("apiserver-kubelet-client", CaCertificate, _ => true, () => authority.IssueClient("kube-apiserver-kubelet-client", AdminGroups, CertificateFiles.Lifetime));
        encryption = new EncryptionKeyFile(directory);
        EncryptionKeys = new EncryptionKeys(encryption.Load());
        signingKeys = new SigningKeys(directory);
        signer = new TokenSigner(signingKeys.Load());
        ServiceAccounts = new ServiceAccountTokens(signer, time);
    }

    /// <summary>By which everybody recognizes the cluster; without its key.</summary>
    public X509Certificate2 CaCertificate { get; }

    public string CaPem => authority.Pem;

    /// <summary>CN=kubernetes-admin, O=system:masters.</summary>
    public IssuedCertificate Admin { get; }

    /// <summary>Of the authority that signs nothing but proxies which name their users in headers.</summary>
    public X509Certificate2 ProxyCaCertificate { get; }

    public string ProxyCaPem => proxies.Pem;

    /// <summary>CN=front-proxy-client: by this the API server proves itself to servers it forwards requests to.</summary>
    public IssuedCertificate FrontProxy { get; }

    /// <summary>CN=kube-apiserver-kubelet-client, O=system:masters: by this the API server proves itself to nodes.</summary>
    public IssuedCertificate NodeClient { get; }

    public ServiceAccountTokens ServiceAccounts { get; }

    /// <summary>Under which Secrets are stored.</summary>
    public EncryptionKeys EncryptionKeys { get; }

    /// <summary>What the API server shows on each new connection; renewed long before it expires.</summary>
    public X509Certificate2 ServerCertificate
    {
        get
        {
            lock (gate)
            {
                return files.IsNearExpiry(server) ? server = LoadServer() : server;
            }
        }
    }

    /// <summary>What a node's own server shows; kept in a file and renewed long before it expires.</summary>
    /// <param name="names">Names and addresses at which the API server finds the node.</param>
    public X509Certificate2 NodeServerCertificate(string node, IReadOnlyList<string> names)
    {
        lock (gate)
        {
            if (nodeServer is not null && !files.IsNearExpiry(nodeServer))
            {
                return nodeServer;
            }

            return nodeServer = files.LoadOrIssue(
                "kubelet",
                CaCertificate,
                certificate => CertificateFiles.IsFor(certificate, names),
                () => authority.IssueServer($"system:node:{node}", names, CertificateFiles.Lifetime)).Load();
        }
    }

    /// <param name="serverNames">Names and addresses at which clients find the API server.</param>
    /// <param name="seal">null: nothing is ever sealed.</param>
    /// <exception cref="InvalidDataException">The authority's files do not belong together.</exception>
    /// <exception cref="SealedException">They are sealed, and nobody holds the key.</exception>
    public static ClusterIdentity LoadOrCreate(string directory, IEnumerable<string> serverNames, TimeProvider time, FileSeal? seal = null) =>
        new(new PrivateFiles(directory, seal), serverNames, time);

    /// <summary>Changes how the files are kept, while nothing else writes any.</summary>
    public void Exclusively(Action change)
    {
        lock (gate)
        {
            change();
        }
    }

    public IssuedCertificate IssueClientCertificate(string user, IEnumerable<string> groups, TimeSpan lifetime) =>
        authority.IssueClient(user, groups, lifetime);

    /// <summary>A certificate for the key and subject of a signing request that has been checked and approved.</summary>
    /// <param name="usages">Dotted numbers of extended key usages.</param>
    public string SignRequest(CertificateRequest request, X509KeyUsageFlags keyUsage, IReadOnlyList<string> usages, TimeSpan lifetime) =>
        authority.Sign(request, keyUsage, usages, lifetime);

    /// <summary>Signs tokens with a new key from now on. Those signed with the keys before it stay valid.</summary>
    public void RotateTokenKey() => signer.Use(signingKeys.Rotate());

    /// <summary>Encrypts with a new key from now on; what is stored is rewritten with it at the next start.</summary>
    public void RotateEncryptionKey() => EncryptionKeys.Use(encryption.Rotate());

    /// <summary>A new one of the keys that servers share, for all of them.</summary>
    /// <param name="name">Of <see cref="ServerKeys"/>.</param>
    public KeyChange Plan(string name) => name switch
    {
        ServerKeys.Encryption => encryption.Plan(),
        ServerKeys.Tokens => signingKeys.Plan(),
        _ => throw new ArgumentException($"there are no keys in {name}"),
    };

    /// <summary>Uses the keys of this file from now on, once it is on disk. False: it lacks a key in use.</summary>
    /// <exception cref="ArgumentException">It is no file of keys; or <see cref="InvalidDataException"/>.</exception>
    public bool TryAdopt(string name, string content)
    {
        lock (gate)
        {
            switch (name)
            {
                case ServerKeys.Encryption when encryption.Adopt(content) is { } keys:
                    EncryptionKeys.Use(keys);
                    return true;
                case ServerKeys.Tokens when signingKeys.Adopt(content) is { } keys:
                    signer.Use(keys);
                    return true;
                case ServerKeys.Encryption or ServerKeys.Tokens:
                    return false;
                default:
                    throw new ArgumentException($"there are no keys in {name}");
            }
        }
    }

    private X509Certificate2 LoadServer() =>
        files.LoadOrIssue(
            "server",
            CaCertificate,
            certificate => CertificateFiles.IsFor(certificate, serverNames),
            () => authority.IssueServer("kube-apiserver", serverNames, CertificateFiles.Lifetime)).Load();
}
