using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client.Joining;
using Flotilla.Storage;

namespace Flotilla.Server.Identity;

/// <summary>
/// Who the cluster is and whom it trusts: its certificate authority, the server's and the administrator's
/// certificates, and the key that signs service account tokens. All of it lives in one directory and is made there
/// once; the authority may be exchanged while the server runs. May be used from any thread.
/// </summary>
public sealed class ClusterIdentity
{
    private const int NameBytes = 4;
    private static readonly string[] AdminGroups = ["system:masters"];

    private readonly Lock gate = new();
    private readonly CertificateFiles files;
    private readonly AuthorityFiles authorities;
    private readonly CertificateAuthority proxies;
    private readonly TimeProvider time;
    private readonly EncryptionKeyFile encryption;
    private readonly SigningKeys signingKeys;
    private readonly TokenSigner signer;
    private readonly IReadOnlyList<string> serverNames;
    private volatile AuthorityState state;
    private volatile CertificateAuthority authority;
    private volatile IssuedCertificate admin;
    private volatile IssuedCertificate nodeClient;
    private volatile X509Certificate2 adminCertificate;
    private SslStreamCertificateContext server;
    private X509Certificate2? nodeServer;

    private ClusterIdentity(PrivateFiles directory, IEnumerable<string> serverNames, TimeProvider time)
    {
        this.time = time;
        files = new CertificateFiles(directory, time);
        this.serverNames = [.. serverNames.Distinct(StringComparer.OrdinalIgnoreCase)];
        authorities = new AuthorityFiles(directory, files, time);
        proxies = new CertificateAuthority(files.LoadAuthority("front-proxy-ca", "flotilla-front-proxy-ca"), time);
        ProxyCaCertificate = X509Certificate2.CreateFromPem(proxies.Pem);
        FrontProxy = files.LoadOrIssue("front-proxy-client", [ProxyCaCertificate], _ => true, () => proxies.IssueClient("front-proxy-client", [], CertificateFiles.Lifetime));
        Use(authorities.Load());
        encryption = new EncryptionKeyFile(directory);
        EncryptionKeys = new EncryptionKeys(encryption.Load());
        signingKeys = new SigningKeys(directory);
        signer = new TokenSigner(signingKeys.Load());
        ServiceAccounts = new ServiceAccountTokens(signer, time);
    }

    /// <summary>Of the authority that signs at present; without its key.</summary>
    public X509Certificate2 CaCertificate => state.Certificate;

    /// <summary>By which everybody recognizes the cluster: that which signs first, and behind it while it is rotated the other one. Another object after each change.</summary>
    public X509Certificate2Collection Authorities => state.Trusted;

    /// <summary>The same.</summary>
    public string CaPem => state.Pem;

    /// <summary>The rotation of the authority that goes on; null: none does.</summary>
    public AuthorityRecord? Rotation => state.Rotation;

    /// <summary>CN=kubernetes-admin, O=system:masters.</summary>
    public IssuedCertificate Admin => admin;

    /// <summary>The same, with its key, until there is another.</summary>
    public X509Certificate2 AdminCertificate => adminCertificate;

    /// <summary>Of the authority that signs nothing but proxies which name their users in headers.</summary>
    public X509Certificate2 ProxyCaCertificate { get; }

    public string ProxyCaPem => proxies.Pem;

    /// <summary>CN=front-proxy-client: by this the API server proves itself to servers it forwards requests to.</summary>
    public IssuedCertificate FrontProxy { get; }

    /// <summary>
    /// CN=kube-apiserver-kubelet-client, O=system:masters: by this the API server proves itself to nodes. While the authority is rotated it
    /// is that of before, which every node recognizes.
    /// </summary>
    public IssuedCertificate NodeClient => nodeClient;

    public ServiceAccountTokens ServiceAccounts { get; }

    /// <summary>Under which Secrets are stored.</summary>
    public EncryptionKeys EncryptionKeys { get; }

    /// <summary>What the API server shows on each new connection; renewed long before it expires.</summary>
    public X509Certificate2 ServerCertificate => ServerChain.TargetCertificate;

    /// <summary>The same, with what lets those recognize it who trust the authority of before alone.</summary>
    public SslStreamCertificateContext ServerChain
    {
        get
        {
            lock (gate)
            {
                return files.IsNearExpiry(server.TargetCertificate) ? server = LoadServer(state) : server;
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
                [CaCertificate],
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

    /// <summary>By which the cluster is recognized at this moment, of a directory whose server may be running: no certificate is renewed.</summary>
    /// <exception cref="InvalidDataException">The authority's files do not belong together.</exception>
    /// <exception cref="SealedException">They are sealed, and nobody holds the key.</exception>
    public static X509Certificate2Collection AuthoritiesOf(string directory, TimeProvider time, FileSeal? seal = null)
    {
        var files = new PrivateFiles(directory, seal);
        return new AuthorityFiles(files, new CertificateFiles(files, time), time).Load().Trusted;
    }

    /// <summary>Changes how the files are kept, while nothing else writes any.</summary>
    public void Exclusively(Action change)
    {
        lock (gate)
        {
            change();
        }
    }

    /// <summary>How another authority is to follow the present one; nothing changes yet.</summary>
    /// <param name="certificatePem">Its certificate, with <paramref name="keyPem"/>; null: one is made.</param>
    /// <exception cref="InvalidOperationException">A rotation goes on.</exception>
    /// <exception cref="ArgumentException">It cannot be the cluster's authority, and why.</exception>
    public AuthorityRecord PlanRotation(string? certificatePem, string? keyPem)
    {
        lock (gate)
        {
            if (state.Rotation is { } going)
            {
                throw new InvalidOperationException($"the authority is being rotated already, since {going.Started:u}");
            }

            var next = certificatePem is null
                ? CertificateAuthority.CreateSelfSigned($"flotilla-ca-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes))}", time)
                : GivenAuthority.Check(certificatePem, keyPem ?? "", state.Certificate, time.GetUtcNow());
            return authorities.Plan(state.Own, next);
        }
    }

    /// <summary>
    /// Goes by this step of a rotation from now on, once that is on disk: what is shown to others is made anew, so that those recognize it who have
    /// taken the step before, or the one after. At the end, who shows a certificate of the authority of before is nobody.
    /// </summary>
    /// <returns>False: it did already.</returns>
    public bool Adopt(AuthorityRecord rotation)
    {
        lock (gate)
        {
            if (rotation.GoesOn ? state.Rotation?.Id == rotation.Id : state.Rotation is null && state.Own.CertificatePem == rotation.Next.CertificatePem)
            {
                return false;
            }

            Use(authorities.Adopt(rotation));
            return true;
        }
    }

    /// <summary>For the server that starts: ends what an interrupted end of a rotation left.</summary>
    public void SettleRotation()
    {
        lock (gate)
        {
            authorities.Settle();
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

    // The state last: who sees that another authority signs sees what it signed.
    [MemberNotNull(nameof(state), nameof(authority), nameof(admin), nameof(adminCertificate), nameof(nodeClient), nameof(server))]
    private void Use(AuthorityState next)
    {
        authority = new CertificateAuthority(next.Own, time);
        server = LoadServer(next);
        admin = files.LoadOrIssue("admin", [next.Certificate], _ => true, () => authority.IssueClient("kubernetes-admin", AdminGroups, CertificateFiles.Lifetime));
        adminCertificate = admin.Load();
        nodeClient = files.LoadOrIssue("apiserver-kubelet-client", next.Trusted, _ => true, () => authority.IssueClient("kube-apiserver-kubelet-client", AdminGroups, CertificateFiles.Lifetime));
        nodeServer = null;
        state = next;
    }

    private SslStreamCertificateContext LoadServer(AuthorityState of)
    {
        var own = files.LoadOrIssue(
            "server",
            [of.Certificate],
            certificate => CertificateFiles.IsFor(certificate, serverNames),
            () => authority.IssueServer("kube-apiserver", serverNames, CertificateFiles.Lifetime)).Load();
        return SslStreamCertificateContext.Create(own, of.Cross is { } cross ? [cross] : null, offline: true);
    }
}
