using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Flotilla.Client;
using Flotilla.Client.Joining;

namespace Flotilla.Swarm.Swarms;

/// <summary>One authority by which the cluster is recognized, as the API server publishes it. Pure.</summary>
/// <param name="Hash">As nodes tell it.</param>
/// <param name="Tls">As Docker describes an authority.</param>
internal sealed record TrustedAuthority(string Pem, string Hash, JsonObject Tls)
{
    public static readonly TrustedAuthority Unknown = new("", "", []);

    /// <summary>Finds what is published, and nothing else.</summary>
    public static ListScope Scope { get; } = new(TrustedAuthorities.Namespace, FieldSelector: $"metadata.name={TrustedAuthorities.Name}");

    /// <summary>That which signs first; empty: it is no PEM of certificates.</summary>
    public static IReadOnlyList<TrustedAuthority> In(string pem)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            // Not the usual case; who asks does without.
            return [];
        }

        return [.. found.Select(Of)];
    }

    /// <summary>How a node stands to them: as the first of them, unless it goes by others.</summary>
    /// <param name="trust">null: it does not tell.</param>
    public static JsonObject TlsOf(NodeTrust? trust, bool isServer, IReadOnlyList<TrustedAuthority> authorities)
    {
        if (trust is null || isServer)
        {
            return (isServer ? authorities.FirstOrDefault() : authorities.LastOrDefault())?.Tls.DeepClone().AsObject() ?? [];
        }

        // One that neither is goes by an authority that nobody has any more.
        if (authorities.FirstOrDefault(authority => authority.Hash == trust.Certificates) is not { } certificates)
        {
            return authorities.Count > 1 && trust.Certificates.Length == 0 ? authorities[^1].Tls.DeepClone().AsObject() : [];
        }

        var value = certificates.Tls.DeepClone().AsObject();
        value["TrustRoot"] = string.Concat(authorities.Where(authority => trust.Trusted.Contains(authority.Hash)).Select(authority => authority.Pem));
        return value;
    }

    private static TrustedAuthority Of(X509Certificate2 certificate)
    {
        var pem = certificate.ExportCertificatePem() + "\n";
        return new TrustedAuthority(pem, JoinToken.HashOf(certificate), new JsonObject
        {
            ["TrustRoot"] = pem,
            ["CertIssuerSubject"] = Convert.ToBase64String(certificate.SubjectName.RawData),
            ["CertIssuerPublicKey"] = Convert.ToBase64String(certificate.PublicKey.ExportSubjectPublicKeyInfo()),
        });
    }
}
