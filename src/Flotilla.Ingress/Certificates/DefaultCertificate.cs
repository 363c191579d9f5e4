using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Ingress.Certificates;

/// <summary>What clients get who ask for a name that no Secret is for: a certificate that nobody trusts, but TLS nevertheless.</summary>
internal static class DefaultCertificate
{
    private const string Subject = "CN=Flotilla Ingress Default Certificate";

    public static X509Certificate2 Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("ingress.local");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
    }
}
