using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Flotilla.Ingress.Backends;

namespace Flotilla.Ingress.Proxying;

/// <summary>Connections to destinations, shared by all routes that connect in the same way.</summary>
internal sealed class HttpClients : IDisposable
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<(bool IsHttp2, TimeSpan ConnectTimeout), HttpMessageInvoker> clients = new();

    public HttpMessageInvoker For(BackendKey backend, TimeSpan connectTimeout) =>
        clients.GetOrAdd((backend.IsHttp2, connectTimeout), static key => Create(key.ConnectTimeout));

    public void Dispose()
    {
        foreach (var client in clients.Values)
        {
            client.Dispose();
        }
    }

    private static HttpMessageInvoker Create(TimeSpan connectTimeout) => new(new SocketsHttpHandler
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
        ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, connectTimeout, cancellationToken),

        // As ingress-nginx: a pod's certificate names no pod, so nobody could check it without being told how.
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    });

    /// <summary>With a limit of its own, so that a node that is gone costs one short wait and then another pod is tried.</summary>
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, TimeSpan limit, CancellationToken cancellationToken)
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
}
