using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Certificates;
using Flotilla.Ingress.Secrets;
using k8s.Models;

namespace Flotilla.Ingress.Proxying;

/// <summary>TLS to a pod as an Ingress asks for it. Secrets are read at each connection, so that new versions count at once.</summary>
internal sealed class BackendHandshake(ISecrets secrets)
{
    private const string AuthorityKey = "ca.crt";

    /// <exception cref="AuthenticationException">The pod does not prove itself, or there is nothing to recognize it by.</exception>
    public async ValueTask<Stream> SecureAsync(Stream connection, BackendTls wanted, bool isHttp2, CancellationToken cancellationToken)
    {
        var tls = new SslStream(connection);
        try
        {
            await tls.AuthenticateAsClientAsync(OptionsFor(wanted, secrets.Get(wanted.Secret), isHttp2), cancellationToken);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static SslClientAuthenticationOptions OptionsFor(BackendTls wanted, V1Secret? secret, bool isHttp2) => new()
    {
        TargetHost = wanted.SendsName ? wanted.Name : "",
        EnabledSslProtocols = wanted.Protocols,
        ApplicationProtocols = [isHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11],
        ClientCertificateContext = OwnCertificate(secret),
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => !wanted.Verify || (certificate is X509Certificate2 shown && IsRight(shown, chain, wanted, secret)),
    };

    private static SslStreamCertificateContext? OwnCertificate(V1Secret? secret)
    {
        if (secret?.Data?.ContainsKey("tls.crt") != true)
        {
            return null;
        }

        try
        {
            var (certificate, chain) = CertificateReader.Read(secret);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (CryptographicException damaged)
        {
            throw new AuthenticationException(damaged.Message, damaged);
        }
    }

    private static bool IsRight(X509Certificate2 shown, X509Chain? sent, BackendTls wanted, V1Secret? secret)
    {
        if (secret?.Data is not { } data || !data.TryGetValue(AuthorityKey, out var authorities) || !shown.MatchesHostname(wanted.Name))
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(System.Text.Encoding.UTF8.GetString(authorities));
        chain.ChainPolicy.ExtraStore.AddRange((X509Certificate2[])[.. sent?.ChainElements.Select(element => element.Certificate) ?? []]);

        return chain.Build(shown) && chain.ChainElements.Count - 1 <= wanted.Depth;
    }
}
