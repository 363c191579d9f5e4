using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Flotilla.Client;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Secrets;

namespace Flotilla.Ingress.Proxying;

/// <summary>Connections to destinations, shared by all routes that connect in the same way.</summary>
internal sealed class HttpClients(ISecrets secrets, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<Connecting, HttpMessageInvoker> clients = new();
    private readonly BackendHandshake handshake = new(secrets);
    private readonly SilentConnections silent = new(time);

    public HttpMessageInvoker For(BackendKey backend, TimeSpan connectTimeout) => For(new Connecting(backend.IsHttp2, connectTimeout, backend.Tls));

    /// <summary>To somebody who is no Service of the cluster, and must prove himself by the machine's authorities.</summary>
    public HttpMessageInvoker Outside(TimeSpan connectTimeout) => For(new Connecting(IsHttp2: false, connectTimeout, null, IsOutside: true));

    /// <summary>Whether a connection to a pod was ended since this was asked last, because its node fell silent.</summary>
    public bool FellSilent(string endpoint) => silent.FellSilent(endpoint);

    public void Dispose()
    {
        silent.Dispose();
        foreach (var client in clients.Values)
        {
            client.Dispose();
        }
    }

    private HttpMessageInvoker For(Connecting connecting) => clients.GetOrAdd(connecting, Create);

    private HttpMessageInvoker Create(Connecting connecting) => new(new LostConnectionHandler(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = IdleTimeout,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, connecting, cancellationToken),

        // As ingress-nginx: a pod's certificate names no pod, so nobody could check it without being told how.
        SslOptions = connecting.IsOutside ? new SslClientAuthenticationOptions() : new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    }));

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint to, Connecting connecting, CancellationToken cancellationToken)
    {
        var stream = await ConnectAsync(to, connecting.Timeout, cancellationToken);
        silent.Watch(stream.Socket, $"{to.Host}:{to.Port}");
        return connecting.Tls is { } tls ? await handshake.SecureAsync(stream, tls, connecting.IsHttp2, cancellationToken) : stream;
    }

    /// <summary>With a limit of its own, so that a node that is gone costs one short wait and then another pod is tried.</summary>
    private static async ValueTask<NetworkStream> ConnectAsync(DnsEndPoint to, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        both.CancelAfter(limit);
        Socket? socket = null;
        try
        {
            if (IPAddress.TryParse(to.Host, out var address))
            {
                socket = NewSocket(address.AddressFamily);
                await socket.ConnectAsync(new IPEndPoint(address, to.Port), both.Token);
            }
            else
            {
                var addresses = OutsideOnly(await Dns.GetHostAddressesAsync(to.Host, both.Token));
                socket = NewSocket(addresses[0].AddressFamily);
                await socket.ConnectAsync(new IPEndPoint(addresses[0], to.Port), both.Token);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket?.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    /// <summary>A name that somebody wrote into a Service must not lead to what listens on this machine for itself alone.</summary>
    private static IPAddress[] OutsideOnly(IPAddress[] addresses)
    {
        IPAddress[] outside = [.. addresses.Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal && !IPNetwork.Parse("169.254.0.0/16").Contains(address))];
        return outside.Length > 0 ? outside : throw new SocketException((int)SocketError.HostUnreachable);
    }

    private static Socket NewSocket(AddressFamily family) => new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>By what connections differ.</summary>
    private sealed record Connecting(bool IsHttp2, TimeSpan Timeout, BackendTls? Tls, bool IsOutside = false);
}
