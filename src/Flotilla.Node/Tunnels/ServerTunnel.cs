using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Client.Streams;
using Flotilla.Node.Joining;

namespace Flotilla.Node.Tunnels;

/// <summary>The node's side of <see cref="TunnelPaths"/> to one server, for as long as one connection lasts.</summary>
internal sealed class ServerTunnel : IDisposable
{
    private const string NotAccepted =
        "it does not accept this machine any more, which was removed, or whose certificate expired or is of an authority that was rotated while it was away; join again with --token and a token of 'flotilla token create'";

    private readonly IPAddress address;
    private readonly Func<int?> nodePort;
    private readonly HttpMessageInvoker http;
    private readonly ConcurrentDictionary<Task, bool> carried = new();
    private readonly SemaphoreSlim free = new(TunnelPaths.MostConnections);

    /// <param name="address">The node's, whose other ports servers may ask for.</param>
    /// <param name="nodePort">Where the node's own server listens.</param>
    public ServerTunnel(DnsEndPoint server, NodeIdentity identity, IPAddress address, Func<int?> nodePort)
    {
        this.address = address;
        this.nodePort = nodePort;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(identity.Authorities!);
        http = new HttpMessageInvoker(new LostConnectionHandler(new SocketsHttpHandler
        {
            UseProxy = false,
            EnableMultipleHttp2Connections = false,
            ConnectCallback = (_, cancellationToken) => ServerList.ConnectAsync(server, cancellationToken),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = (_, shown, _, problems) => problems == SslPolicyErrors.None && shown is X509Certificate2 certificate && identity.Generation.Accepts(certificate),
                LocalCertificateSelectionCallback = (_, _, _, _, _) => identity.Client!,
            },
        }));
    }

    /// <summary>Until the server ends it, the connection breaks or <paramref name="drain"/> says so; connections that it carries go on.</summary>
    public async Task RunAsync(Action connected, CancellationToken drain, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, drain);
        using var request = RequestOf(TunnelPaths.Control, null);
        using var answer = await http.SendAsync(request, ending.Token);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(answer.StatusCode == HttpStatusCode.Unauthorized ? NotAccepted : $"the server answers {(int)answer.StatusCode}", null, answer.StatusCode);
        }

        connected();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(ending.Token));
        while (await lines.ReadLineAsync(ending.Token) is { } line)
        {
            await free.WaitAsync(ending.Token);
            var carrying = CarryAsync(line.Split(' '), cancellationToken);
            carried[carrying] = true;
            _ = carrying.ContinueWith(done => carried.TryRemove(done, out bool _), TaskScheduler.Default);
        }
    }

    /// <summary>Until the last connection that it carries has ended.</summary>
    public async Task DrainAsync()
    {
        await Task.WhenAll(carried.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    public void Dispose()
    {
        http.Dispose();
        free.Dispose();
    }

    /// <param name="wanted">The connection's number, and perhaps a port of this node.</param>
    private async Task CarryAsync(string[] wanted, CancellationToken cancellationToken)
    {
        try
        {
            await using var local = await ConnectAsync(wanted, cancellationToken);
            using var content = new StreamedContent(local);
            using var request = RequestOf($"{TunnelPaths.Control}/{wanted[0]}", content);
            using var answer = await http.SendAsync(request, cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                await using var remote = await answer.Content.ReadAsStreamAsync(cancellationToken);
                await remote.CopyToAsync(local, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException or OperationCanceledException)
        {
            // One side has ended the connection, and so the other one does.
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>Nobody may listen at another port: then the connection ends as soon as it is brought, so that nobody waits for it.</summary>
    private async Task<Stream> ConnectAsync(string[] wanted, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var to = wanted is [_, var text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                ? new IPEndPoint(address, port)
                : new IPEndPoint(IPAddress.Loopback, nodePort() ?? 0);
            await socket.ConnectAsync(to, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException) when (wanted.Length > 1)
        {
            socket.Dispose();
            return Stream.Null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static HttpRequestMessage RequestOf(string path, HttpContent? content) => new(HttpMethod.Post, new Uri(NodeJoin.Server, path))
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = content,
    };

    /// <summary>A request's body that goes on while its answer is read.</summary>
    private sealed class StreamedContent(Stream source) : HttpContent
    {
        private const int BufferBytes = 32 << 10;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            // The server answers to headers, which wait for the first flush.
            await stream.FlushAsync(cancellationToken);
            var buffer = new byte[BufferBytes];
            while (await source.ReadAsync(buffer, cancellationToken) is > 0 and var length)
            {
                await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
