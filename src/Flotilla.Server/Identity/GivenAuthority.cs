using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>An authority that an administrator brings for the cluster. Pure.</summary>
internal static class GivenAuthority
{
    private const int LeastRsaBits = 2048;

    /// <param name="present">That it is to follow.</param>
    /// <returns>Its parts in the form in which they are kept.</returns>
    /// <exception cref="ArgumentException">It cannot be the cluster's, and why.</exception>
    public static IssuedCertificate Check(string certificatePem, string keyPem, X509Certificate2 present, DateTimeOffset now)
    {
        using var certificate = Load(certificatePem, keyPem);
        if (ProblemOf(certificate, present, now) is { } problem)
        {
            throw new ArgumentException($"the certificate {problem}");
        }

        using AsymmetricAlgorithm key = certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm)certificate.GetRSAPrivateKey()!;
        return new IssuedCertificate(certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static X509Certificate2 Load(string certificatePem, string keyPem)
    {
        if (!IsOne(certificatePem))
        {
            throw new ArgumentException("the certificate must be one alone, as PEM: the root itself, no chain");
        }

        try
        {
            return X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new ArgumentException("certificate and key must belong together, both as PEM, the key an ECDSA or RSA key that no passphrase protects", wrong);
        }
    }

    private static bool IsOne(string pem) => PemEncoding.TryFind(pem, out var fields) && !PemEncoding.TryFind(pem.AsSpan(fields.Location.End.Value), out _);

    private static string? ProblemOf(X509Certificate2 certificate, X509Certificate2 present, DateTimeOffset now) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true } constraints ? "is none of an authority (CA:TRUE)"
        : constraints is { HasPathLengthConstraint: true, PathLengthConstraint: 0 } ? "has a path length of 0, so that it could not vouch for the authority that follows it one day"
        : certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign) ? "may not sign certificates (keyCertSign)"
        : !IsSelfSigned(certificate) ? "is signed by another authority: only a root can be everybody's trust"
        : certificate.NotAfter.ToUniversalTime() <= now.UtcDateTime || certificate.NotBefore.ToUniversalTime() > now.UtcDateTime ? "has expired, or is not valid yet"
        : certificate.SubjectName.RawData.AsSpan().SequenceEqual(present.SubjectName.RawData) ? $"has the subject of the present authority ({present.Subject}): they could not be told apart"
        : certificate.GetRSAPublicKey() is { KeySize: < LeastRsaBits } ? $"has an RSA key of fewer than {LeastRsaBits} bits"
        : null;

    private static bool IsSelfSigned(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate) && chain.ChainElements.Count == 1;
    }
}
