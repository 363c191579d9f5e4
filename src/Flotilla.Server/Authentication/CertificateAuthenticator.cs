using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>Client certificates of the cluster's authority: CN is the user, each O a group. A connection's certificate is looked at once, and again when others are trusted.</summary>
/// <param name="authorities">Whom to trust, another object after each change.</param>
public sealed class CertificateAuthenticator(Func<X509Certificate2Collection> authorities, RevokedNodes revoked, TimeProvider time) : IRequestAuthenticator
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string UserId = "1.3.6.1.4.1.57683.2";

    // A connection hands out the same object for each of its requests.
    private volatile Known known = new([], []);

    public async ValueTask<Identification> IdentifyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
        {
            return Identification.Nobody;
        }

        var found = Identify(certificate);
        return found.User is { } user && await revoked.IsRevokedAsync(user, certificate, cancellationToken)
            ? Identification.Reject("x509: the node of this certificate has been removed from the cluster")
            : found;
    }

    public static RequestUser UserOf(X509Certificate2 certificate)
    {
        var (name, uid, groups) = ("", (string?)null, new List<string>());
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            var value = part.GetSingleElementValue() ?? "";
            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    name = value;
                    break;
                case UserId:
                    uid = value;
                    break;
                case Organization:
                    groups.Add(value);
                    break;
            }
        }

        groups.Add(RequestUser.Authenticated);
        var credential = "X509SHA256=" + Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));
        return new RequestUser(name, groups, uid, UserExtra.Of((UserExtra.CredentialId, credential)));
    }

    private Identification Identify(X509Certificate2 certificate)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (certificate.NotAfter.ToUniversalTime() < now || certificate.NotBefore.ToUniversalTime() > now)
        {
            return Identification.Reject("x509: certificate has expired or is not yet valid");
        }

        var trusted = authorities();
        var current = known;
        if (!ReferenceEquals(current.Trusted, trusted))
        {
            known = current = new Known(trusted, []);
        }

        return current.Certificates.GetValue(certificate, shown => Verify(shown, trusted));
    }

    private Identification Verify(X509Certificate2 certificate, X509Certificate2Collection trusted)
    {
        if (!TrustedCertificates.IsSignedBy(certificate, trusted, time))
        {
            return Identification.Reject("x509: certificate signed by unknown authority");
        }

        var user = UserOf(certificate);
        return user.Name.Length == 0 ? Identification.Nobody : new Identification(user);
    }

    private sealed record Known(X509Certificate2Collection Trusted, ConditionalWeakTable<X509Certificate2, Identification> Certificates);
}
