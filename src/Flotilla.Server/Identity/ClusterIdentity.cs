using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

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
    private readonly IReadOnlyList<string> serverNames;
    private X509Certificate2 server;

    private ClusterIdentity(PrivateFiles files, IEnumerable<string> serverNames, TimeProvider time)
    {
        this.files = files;
        this.time = time;
        this.serverNames = [.. serverNames.Distinct(StringComparer.OrdinalIgnoreCase)];
        authority = new CertificateAuthority(LoadAuthority(files, time), time);
        CaCertificate = X509Certificate2.CreateFromPem(authority.Pem);
        server = LoadServer();
        Admin = LoadOrIssue("admin", _ => true, () => authority.IssueClient("kubernetes-admin", AdminGroups, Lifetime));
        ServiceAccounts = new ServiceAccountTokens(LoadSigningKey(files), time);
    }

    /// <summary>By which everybody recognizes the cluster; without its key.</summary>
    public X509Certificate2 CaCertificate { get; }

    public string CaPem => authority.Pem;

    /// <summary>CN=kubernetes-admin, O=system:masters.</summary>
    public IssuedCertificate Admin { get; }

    public ServiceAccountTokens ServiceAccounts { get; }

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

    /// <param name="serverNames">Names and addresses at which clients find the API server.</param>
    /// <exception cref="InvalidDataException">The authority's files do not belong together.</exception>
    public static ClusterIdentity LoadOrCreate(string directory, IEnumerable<string> serverNames, TimeProvider time) =>
        new(new PrivateFiles(directory), serverNames, time);

    public IssuedCertificate IssueClientCertificate(string user, IEnumerable<string> groups, TimeSpan lifetime) =>
        authority.IssueClient(user, groups, lifetime);

    private static IssuedCertificate LoadAuthority(PrivateFiles files, TimeProvider time)
    {
        if (files.Read("ca.crt") is not { } certificate)
        {
            // The key alone has signed nothing yet.
            var created = CertificateAuthority.CreateSelfSigned(time);
            Write(files, "ca", created);
            return created;
        }

        var authority = new IssuedCertificate(certificate, files.Read("ca.key") ?? "");
        try
        {
            authority.Load().Dispose();
            return authority;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{files.PathOf("ca.crt")} and {files.PathOf("ca.key")} do not belong together.", failure);
        }
    }

    private static ECDsa LoadSigningKey(PrivateFiles files)
    {
        const string name = "service-accounts.key";
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (files.Read(name) is { } pem)
        {
            key.ImportFromPem(pem);
        }
        else
        {
            files.WriteSecret(name, key.ExportPkcs8PrivateKeyPem());
        }

        return key;
    }

    private static void Write(PrivateFiles files, string name, IssuedCertificate certificate)
    {
        files.WriteSecret($"{name}.key", certificate.KeyPem);
        files.WritePublic($"{name}.crt", certificate.CertificatePem);
    }

    private X509Certificate2 LoadServer() =>
        LoadOrIssue(
            "server",
            certificate => serverNames.All(name => certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false)),
            () => authority.IssueServer("kube-apiserver", serverNames, Lifetime)).Load();

    private IssuedCertificate LoadOrIssue(string name, Predicate<X509Certificate2> isRight, Func<IssuedCertificate> issue)
    {
        if (files.Read($"{name}.crt") is { } certificate && files.Read($"{name}.key") is { } key
            && IsUsable(new IssuedCertificate(certificate, key), isRight))
        {
            return new IssuedCertificate(certificate, key);
        }

        var issued = issue();
        Write(files, name, issued);
        return issued;
    }

    private bool IsUsable(IssuedCertificate candidate, Predicate<X509Certificate2> isRight)
    {
        try
        {
            using var certificate = candidate.Load();
            return !IsNearExpiry(certificate) && IsOurs(certificate) && isRight(certificate);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            // A crash between the new key and its certificate, or a damaged file: it is issued again.
            return false;
        }
    }

    private bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(CaCertificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    private bool IsNearExpiry(X509Certificate2 certificate) =>
        certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime < RenewBefore;
}
