using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Client;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Connections to webhooks, kept open and shared by all webhooks at one place with one authority.</summary>
/// <param name="certificate">Shown to those who ask for one; null: none.</param>
internal sealed class WebhookConnections(ServiceEndpoints services, Func<X509Certificate2>? certificate = null) : IDisposable
{
    private const int MaxPools = 256;
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);
    private readonly ConcurrentDictionary<(string Authority, string CaBundle, bool Skips), HttpMessageInvoker> pools = new();

    public HttpMessageInvoker For(WebhookTarget target)
    {
        if (pools.Count > MaxPools)
        {
            // Configurations come and go; those still in use open anew. What is in flight keeps its handler.
            pools.Clear();
        }

        return pools.GetOrAdd((target.Address.Authority, target.CaBundle, target.SkipsVerification), _ => Open(target));
    }

    public void Dispose()
    {
        foreach (var pool in pools.Values)
        {
            pool.Dispose();
        }
    }

    private HttpMessageInvoker Open(WebhookTarget target)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = ConnectionLifetime,
            UseCookies = false,
            UseProxy = false,
        };
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate(), null);
        }

        if (target.SkipsVerification)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }
        else if (target.CaBundle.Length > 0)
        {
            handler.SslOptions.CertificateChainPolicy = Trust(target.CaBundle);
        }

        if (target.Service is { } service)
        {
            handler.ConnectCallback = async (_, cancellationToken) => await ConnectAsync(service, cancellationToken);
        }

        return new HttpMessageInvoker(new LostConnectionHandler(handler));
    }

    private async Task<Stream> ConnectAsync(ServicePort service, CancellationToken cancellationToken)
    {
        var address = await services.ResolveAsync(service, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new WebhookCallException(GoNetworkErrors.Dial(address.ToString()!, error));
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="WebhookCallException">The bundle holds no certificate.</exception>
    private static X509ChainPolicy Trust(string bundle)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(bundle)));
        }
        catch (Exception error) when (error is FormatException or CryptographicException)
        {
            throw new WebhookCallException("unable to load root certificates: unable to parse bytes as PEM block");
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw new WebhookCallException("unable to load root certificates: unable to parse bytes as PEM block");
    }
}
