using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Nodes;

/// <summary>
/// Connections to the nodes' own servers, called <c>https://NODE:PORT</c>: through the tunnel of a node that has dialed this
/// server, else straight to the node's address. Both sides prove themselves by the cluster's authority.
/// </summary>
internal sealed class NodeClient : IDisposable
{
    private readonly ObjectStore objects;
    private readonly NodeTunnels tunnels;
    private readonly ClusterIdentity identity;
    private readonly Lock gate = new();
    private Pool pool;

    public NodeClient(ClusterIdentity identity, ObjectStore objects, NodeTunnels tunnels)
    {
        this.objects = objects;
        this.tunnels = tunnels;
        this.identity = identity;
        pool = Open();
        Ports = new HttpMessageInvoker(new LostConnectionHandler(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(30),
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, isOwnServer: false, cancellationToken),
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        }));
    }

    /// <summary>Opened anew when the cluster's authority changes: nodes look at each request's certificate.</summary>
    public HttpMessageInvoker Connections
    {
        get
        {
            lock (gate)
            {
                // What is under way in the one of before goes on; its connections end when they are idle.
                return (ReferenceEquals(pool.Authorities, identity.Authorities) ? pool : pool = Open()).Connections;
            }
        }
    }

    /// <summary>To whatever else listens at a node, called <c>http://NODE:PORT</c>: it need not be trusted by anybody.</summary>
    public HttpMessageInvoker Ports { get; }

    /// <summary>Whether the node has dialed this server.</summary>
    public bool HasTunnel(string node) => tunnels.TryGet(node, out _);

    public void Dispose()
    {
        pool.Connections.Dispose();
        Ports.Dispose();
    }

    private Pool Open()
    {
        var authorities = identity.Authorities;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return new Pool(authorities, new HttpMessageInvoker(new LostConnectionHandler(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, isOwnServer: true, cancellationToken),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificateContext = SslStreamCertificateContext.Create(identity.NodeClient.Load(), null),
            },
        })));
    }

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint node, bool isOwnServer, CancellationToken cancellationToken)
    {
        while (await tunnels.FindAsync(node.Host, cancellationToken) is { } tunnel)
        {
            try
            {
                return await tunnel.ConnectAsync(isOwnServer ? null : node.Port, cancellationToken);
            }
            catch (IOException) when (tunnel.Closed.IsCancellationRequested)
            {
                // It ended meanwhile; the node opens another.
            }
        }

        var address = await NodeAddress.FindAsync(objects, node.Host, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, node.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed record Pool(X509Certificate2Collection Authorities, HttpMessageInvoker Connections);
}
