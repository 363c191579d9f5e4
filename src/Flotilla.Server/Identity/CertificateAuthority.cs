using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Server.Identity;

/// <summary>Signs the certificates of one cluster with its own key.</summary>
internal sealed class CertificateAuthority(IssuedCertificate own, TimeProvider time)
{
    private const string AlternativeNames = "2.5.29.17";
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan OwnLifetime = TimeSpan.FromDays(3650);

    /// <summary>Certificates hold from so long before they are made: for machines whose clocks are a little behind.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly X509Certificate2 certificate = own.Load();

    public string Pem => own.CertificatePem;

    public static IssuedCertificate CreateSelfSigned(string name, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - ClockSkew, now + OwnLifetime);
        return new IssuedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public IssuedCertificate IssueServer(string name, IEnumerable<string> names, TimeSpan lifetime) => Issue(name, [ServerUsage], names, lifetime);

    /// <summary>For one that is a server to some of its kind and a client to others.</summary>
    public IssuedCertificate IssueMember(string name, IEnumerable<string> names, TimeSpan lifetime) => Issue(name, [ServerUsage, ClientUsage], names, lifetime);

    private IssuedCertificate Issue(string name, IReadOnlyList<string> usages, IEnumerable<string> names, TimeSpan lifetime)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var alternative in names)
        {
            if (IPAddress.TryParse(alternative, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(alternative);
            }
        }

        return Issue(subject, usages, lifetime, alternatives.Build());
    }

    /// <summary>The API server reads the user's name from CN and the groups from O.</summary>
    public IssuedCertificate IssueClient(string user, IEnumerable<string> groups, TimeSpan lifetime)
    {
        var subject = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
        {
            subject.AddOrganizationName(group);
        }

        subject.AddCommonName(user);
        return Issue(subject, [ClientUsage], lifetime);
    }

    private IssuedCertificate Issue(X500DistinguishedNameBuilder subject, IReadOnlyList<string> usages, TimeSpan lifetime, X509Extension? names = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(usage => new Oid(usage))], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifierOf(certificate)));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }

        return new IssuedCertificate(Complete(request, lifetime), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Signs somebody else's key: its subject and names as requested, everything else as given here.</summary>
    public string Sign(CertificateRequest request, X509KeyUsageFlags keyUsage, IReadOnlyList<string> usages, TimeSpan lifetime)
    {
        var signed = new CertificateRequest(request.SubjectName, request.PublicKey, HashAlgorithmName.SHA256);
        signed.CertificateExtensions.Add(new X509KeyUsageExtension(keyUsage, true));
        if (usages.Count > 0)
        {
            signed.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(usage => new Oid(usage))], false));
        }

        signed.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        signed.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifierOf(certificate)));
        if (request.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == AlternativeNames) is { } names)
        {
            signed.CertificateExtensions.Add(names);
        }

        return Complete(signed, lifetime);
    }

    /// <summary>The next authority, signed by this one: who trusts this one alone trusts what the next one signs, when it is shown this.</summary>
    public string CrossSign(X509Certificate2 next)
    {
        var request = new CertificateRequest(next.SubjectName, next.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(KeyIdentifierOf(next), false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifierOf(certificate)));
        return Complete(request, next.NotAfter.ToUniversalTime() - time.GetUtcNow());
    }

    // Of a certificate that does not tell one, what those it signs are told all the same.
    private static ReadOnlySpan<byte> KeyIdentifierOf(X509Certificate2 authority) =>
        (authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() ?? new X509SubjectKeyIdentifierExtension(authority.PublicKey, false)).SubjectKeyIdentifierBytes.Span;

    // An authority that somebody brought may have a key of another kind than those it signs.
    private string Complete(CertificateRequest request, TimeSpan lifetime)
    {
        var now = time.GetUtcNow();
        var end = new[] { now + lifetime, certificate.NotAfter.ToUniversalTime() }.Min();
        using AsymmetricAlgorithm key = certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm)certificate.GetRSAPrivateKey()!;
        var signer = key is RSA rsa ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1) : X509SignatureGenerator.CreateForECDsa((ECDsa)key);
        using var issued = request.Create(certificate.SubjectName, signer, now - ClockSkew, end, RandomNumberGenerator.GetBytes(16));
        return issued.ExportCertificatePem();
    }
}
