using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Server.Identity;

namespace Flotilla.Server.Nodes;

/// <summary>Connections to the nodes' own servers: both sides prove themselves by the cluster's authority.</summary>
internal sealed class NodeClient : IDisposable
{
    public NodeClient(ClusterIdentity identity)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(identity.CaCertificate);
        Connections = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificateContext = SslStreamCertificateContext.Create(identity.NodeClient.Load(), null),
            },
        });
    }

    public HttpMessageInvoker Connections { get; }

    public void Dispose() => Connections.Dispose();
}
