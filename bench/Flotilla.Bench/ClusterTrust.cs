using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;

namespace Flotilla.Bench;

/// <summary>Who we are and whom we trust, as a kubeconfig says.</summary>
internal static class ClusterTrust
{
    public static SslClientAuthenticationOptions Options(KubernetesClientConfiguration config)
    {
        var options = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                config.SkipTlsVerify || (certificate is X509Certificate2 server && IsSignedBy(config.SslCaCerts, server)),
        };
        if (Certificate(config) is { } certificate)
        {
            options.ClientCertificates = [certificate];
        }

        return options;
    }

    /// <summary>Our own certificate, if the kubeconfig has one.</summary>
    public static X509Certificate2? Certificate(KubernetesClientConfiguration config) =>
        config.ClientCertificateData is { } certificate
            ? X509Certificate2.CreateFromPem(Decode(certificate), Decode(config.ClientCertificateKeyData))
            : config.ClientCertificateFilePath is { } file ? X509Certificate2.CreateFromPemFile(file, config.ClientKeyFilePath) : null;

    private static bool IsSignedBy(X509Certificate2Collection roots, X509Certificate2 server)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        return chain.Build(server);
    }

    private static string Decode(string base64) => Encoding.ASCII.GetString(Convert.FromBase64String(base64));
}
