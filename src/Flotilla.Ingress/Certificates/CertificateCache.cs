using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using Flotilla.Ingress.Secrets;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress.Certificates;

/// <summary>
/// What TLS needs, by Secret, each version read once: a handshake after a change already gets the new certificate. A
/// Secret that is missing or damaged gives the default certificate.
/// </summary>
internal sealed partial class CertificateCache(ISecrets secrets, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<ObjectKey, (string? Version, SslServerAuthenticationOptions? Options)> cache = new();
    private readonly Lazy<SslServerAuthenticationOptions> fallback = new(() => OptionsOf(DefaultCertificate.Create(time.GetUtcNow()), []));

    public SslServerAuthenticationOptions OptionsFor(ObjectKey? key)
    {
        if (key is not { } name || secrets.Get(name) is not { } secret)
        {
            return fallback.Value;
        }

        if (!cache.TryGetValue(name, out var known) || known.Version != secret.Metadata.ResourceVersion)
        {
            known = (secret.Metadata.ResourceVersion, Read(name, secret));
            cache[name] = known;
        }

        return known.Options ?? fallback.Value;
    }

    private SslServerAuthenticationOptions? Read(ObjectKey name, k8s.Models.V1Secret secret)
    {
        try
        {
            var (certificate, chain) = CertificateReader.Read(secret);
            return OptionsOf(certificate, chain);
        }
        catch (CryptographicException damaged)
        {
            Log.Damaged(logger, name, damaged.Message);
            return null;
        }
    }

    private static SslServerAuthenticationOptions OptionsOf(X509Certificate2 certificate, X509Certificate2Collection chain) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Secret {Name} holds no certificate that can be used ({Reason}); the default certificate stands in")]
        public static partial void Damaged(ILogger logger, ObjectKey name, string reason);
    }
}
