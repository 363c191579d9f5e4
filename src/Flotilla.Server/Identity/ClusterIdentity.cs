using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Storage;

namespace Flotilla.Server.Identity;

/// <summary>
/// Who the cluster is and whom it trusts: its certificate authority, the server's and the administrator's
/// certificates, and the key that signs service account tokens. All of it lives in one directory and is made there
/// once; keys are written before what they prove, so a crash between two files is repaired by the next start.
/// May be used from any thread.
/// </summary>
public sealed class ClusterIdentity
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(60);
    private static readonly string[] AdminGroups = ["system:masters"];

    private readonly Lock gate = new();
    private readonly PrivateFiles files;
    private readonly TimeProvider time;
    private readonly CertificateAuthority authority;
    private readonly CertificateAuthority proxies;
    private readonly EncryptionKeyFile encryption;
    private readonly SigningKeys signingKeys;
    private readonly TokenSigner signer;
    private readonly IReadOnlyList<string> serverNames;
    private X509Certificate2 server;
    private X509Certificate2? nodeServer;

    private ClusterIdentity(PrivateFiles files, IEnumerable<string> serverNames, TimeProvider time)
    {
        this.files = files;
        this.time = time;
        this.serverNames = [.. serverNames.Distinct(StringComparer.OrdinalIgnoreCase)];
        authority = new CertificateAuthority(LoadAuthority(files, "ca", "flotilla-ca", time), time);
        proxies = new CertificateAuthority(LoadAuthority(files, "front-proxy-ca", "flotilla-front-proxy-ca", time), time);
        ProxyCaCertificate = X509Certificate2.CreateFromPem(proxies.Pem);
        CaCertificate = X509Certificate2.CreateFromPem(authority.Pem);
        server = LoadServer();
        Admin = LoadOrIssue("admin", CaCertificate, _ => true, () => authority.IssueClient("kubernetes-admin", AdminGroups, Lifetime));
        FrontProxy = LoadOrIssue("front-proxy-client", ProxyCaCertificate, _ => true, () => proxies.IssueClient("front-proxy-client", [], Lifetime));
        NodeClient = LoadOrIssue("apiserver-kubelet-client", CaCertificate, _ => true, () => authority.IssueClient("kube-apiserver-kubelet-client", AdminGroups, Lifetime));
        encryption = new EncryptionKeyFile(files);
        EncryptionKeys = new EncryptionKeys(encryption.Load());
        signingKeys = new SigningKeys(files);
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
                return IsNearExpiry(server) ? server = LoadServer() : server;
            }
        }
    }

    /// <summary>What a node's own server shows; kept in a file and renewed long before it expires.</summary>
    /// <param name="names">Names and addresses at which the API server finds the node.</param>
    public X509Certificate2 NodeServerCertificate(string node, IReadOnlyList<string> names)
    {
        lock (gate)
        {
            if (nodeServer is not null && !IsNearExpiry(nodeServer))
            {
                return nodeServer;
            }

            return nodeServer = LoadOrIssue(
                "kubelet",
                CaCertificate,
                certificate => names.All(name => certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false)),
                () => authority.IssueServer($"system:node:{node}", names, Lifetime)).Load();
        }
    }

    /// <param name="serverNames">Names and addresses at which clients find the API server.</param>
    /// <exception cref="InvalidDataException">The authority's files do not belong together.</exception>
    public static ClusterIdentity LoadOrCreate(string directory, IEnumerable<string> serverNames, TimeProvider time) =>
        new(new PrivateFiles(directory), serverNames, time);

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

    private static IssuedCertificate LoadAuthority(PrivateFiles files, string file, string subject, TimeProvider time)
    {
        if (files.Read($"{file}.crt") is not { } certificate)
        {
            // The key alone has signed nothing yet.
            var created = CertificateAuthority.CreateSelfSigned(subject, time);
            Write(files, file, created);
            return created;
        }

        var authority = new IssuedCertificate(certificate, files.Read($"{file}.key") ?? "");
        try
        {
            authority.Load().Dispose();
            return authority;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{files.PathOf($"{file}.crt")} and {files.PathOf($"{file}.key")} do not belong together.", failure);
        }
    }

    private static void Write(PrivateFiles files, string name, IssuedCertificate certificate)
    {
        files.WriteSecret($"{name}.key", certificate.KeyPem);
        files.WritePublic($"{name}.crt", certificate.CertificatePem);
    }

    private X509Certificate2 LoadServer() =>
        LoadOrIssue(
            "server",
            CaCertificate,
            certificate => serverNames.All(name => certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false)),
            () => authority.IssueServer("kube-apiserver", serverNames, Lifetime)).Load();

    private IssuedCertificate LoadOrIssue(string name, X509Certificate2 issuer, Predicate<X509Certificate2> isRight, Func<IssuedCertificate> issue)
    {
        if (files.Read($"{name}.crt") is { } certificate && files.Read($"{name}.key") is { } key
            && IsUsable(new IssuedCertificate(certificate, key), issuer, isRight))
        {
            return new IssuedCertificate(certificate, key);
        }

        var issued = issue();
        Write(files, name, issued);
        return issued;
    }

    private bool IsUsable(IssuedCertificate candidate, X509Certificate2 issuer, Predicate<X509Certificate2> isRight)
    {
        try
        {
            using var certificate = candidate.Load();
            return !IsNearExpiry(certificate) && IsIssuedBy(certificate, issuer) && isRight(certificate);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            // A crash between the new key and its certificate, or a damaged file: it is issued again.
            return false;
        }
    }

    private bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    private bool IsNearExpiry(X509Certificate2 certificate) =>
        certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime < RenewBefore;
}
