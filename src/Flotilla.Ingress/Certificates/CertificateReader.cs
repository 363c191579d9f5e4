using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s.Models;

namespace Flotilla.Ingress.Certificates;

/// <summary>A Secret of type <c>kubernetes.io/tls</c>: the certificate, its key, and what leads to its authority.</summary>
internal static class CertificateReader
{
    private const string CertificateKey = "tls.crt";
    private const string PrivateKey = "tls.key";

    /// <exception cref="CryptographicException">With what is wrong.</exception>
    public static (X509Certificate2 Certificate, X509Certificate2Collection Chain) Read(V1Secret secret)
    {
        var (pem, key) = (TextOf(secret, CertificateKey), TextOf(secret, PrivateKey));
        var chain = new X509Certificate2Collection();
        try
        {
            var certificate = X509Certificate2.CreateFromPem(pem, key);
            chain.ImportFromPem(pem);
            chain.RemoveAt(0);
            return (certificate, chain);
        }
        catch (ArgumentException wrong)
        {
            throw new CryptographicException(wrong.Message);
        }
    }

    private static string TextOf(V1Secret secret, string key) => secret.Data?.TryGetValue(key, out var bytes) == true
        ? Encoding.UTF8.GetString(bytes)
        : throw new CryptographicException($"the key {key} is missing");
}
