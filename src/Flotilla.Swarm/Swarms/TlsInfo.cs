using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Flotilla.Swarm.Swarms;

/// <summary>The cluster's certificate authority, as Docker describes one.</summary>
internal static class TlsInfo
{
    public static JsonObject Of(string authority)
    {
        if (Load(authority) is not { } certificate)
        {
            return [];
        }

        using (certificate)
        {
            return new JsonObject
            {
                ["TrustRoot"] = authority,
                ["CertIssuerSubject"] = Convert.ToBase64String(certificate.SubjectName.RawData),
                ["CertIssuerPublicKey"] = Convert.ToBase64String(certificate.PublicKey.ExportSubjectPublicKeyInfo()),
            };
        }
    }

    private static X509Certificate2? Load(string authority)
    {
        try
        {
            return authority.Length == 0 ? null : X509Certificate2.CreateFromPem(authority);
        }
        catch (CryptographicException)
        {
            // Not the usual case; who asks does without.
            return null;
        }
    }
}
