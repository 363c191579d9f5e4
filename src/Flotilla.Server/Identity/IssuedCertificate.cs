using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>A certificate with its private key, both as PEM.</summary>
public sealed record IssuedCertificate(string CertificatePem, string KeyPem)
{
    public X509Certificate2 Load() => X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
}
