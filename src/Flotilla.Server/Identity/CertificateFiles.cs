using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>
/// Authorities and certificates as pairs of files, <c>NAME.crt</c> and <c>NAME.key</c>. The key is written before what it
/// proves, so a crash between the two is repaired by the next look.
/// </summary>
internal sealed class CertificateFiles(PrivateFiles files, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(60);

    public string CertificateOf(string name) => files.PathOf($"{name}.crt");

    public string KeyOf(string name) => files.PathOf($"{name}.key");

    /// <summary>Made when it is not there.</summary>
    /// <exception cref="InvalidDataException">The files do not belong together.</exception>
    public IssuedCertificate LoadAuthority(string name, string subject)
    {
        if (files.Read($"{name}.crt") is not { } certificate)
        {
            // The key alone has signed nothing yet.
            var created = CertificateAuthority.CreateSelfSigned(subject, time);
            Write(name, created);
            return created;
        }

        var authority = new IssuedCertificate(certificate, files.Read($"{name}.key") ?? "");
        try
        {
            authority.Load().Dispose();
            return authority;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{CertificateOf(name)} and {KeyOf(name)} do not belong together.", failure);
        }
    }

    /// <summary>What is there, unless it expires soon, is of none of these authorities or is not <paramref name="isRight"/>: then a new one.</summary>
    public IssuedCertificate LoadOrIssue(string name, X509Certificate2Collection issuers, Predicate<X509Certificate2> isRight, Func<IssuedCertificate> issue)
    {
        if (files.Read($"{name}.crt") is { } certificate && files.Read($"{name}.key") is { } key
            && IsUsable(new IssuedCertificate(certificate, key), issuers, isRight))
        {
            return new IssuedCertificate(certificate, key);
        }

        var issued = issue();
        Write(name, issued);
        return issued;
    }

    public bool IsNearExpiry(X509Certificate2 certificate) =>
        certificate.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime < RenewBefore;

    public static bool IsFor(X509Certificate2 certificate, IEnumerable<string> names) =>
        names.All(name => certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false));

    private void Write(string name, IssuedCertificate certificate)
    {
        files.WriteSecret($"{name}.key", certificate.KeyPem);
        files.WritePublic($"{name}.crt", certificate.CertificatePem);
    }

    private bool IsUsable(IssuedCertificate candidate, X509Certificate2Collection issuers, Predicate<X509Certificate2> isRight)
    {
        try
        {
            using var certificate = candidate.Load();
            return !IsNearExpiry(certificate) && IsIssuedBy(certificate, issuers) && isRight(certificate);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            // A crash between the new key and its certificate, or a damaged file: it is issued again.
            return false;
        }
    }

    private bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(issuers);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }
}
