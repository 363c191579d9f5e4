using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;

namespace Flotilla.EndToEnd.Tools;

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
        if (config.ClientCertificateData is { } certificate)
        {
            options.ClientCertificates = [X509Certificate2.CreateFromPem(Decode(certificate), Decode(config.ClientCertificateKeyData))];
        }
        else if (config.ClientCertificateFilePath is { } file)
        {
            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(file, config.ClientKeyFilePath)];
        }

        return options;
    }

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
