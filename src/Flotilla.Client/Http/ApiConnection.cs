using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>
/// Connections to an API server: identity, trust, and answers that are not success turned into exceptions. When the certificate or
/// whom to trust changes there is another pool of them for what is asked from then on. May be used from any thread.
/// </summary>
internal sealed class ApiConnection : IDisposable
{
    private readonly HttpObjectClientOptions options;
    private readonly Lock gate = new();
    private Pool pool;

    public ApiConnection(HttpObjectClientOptions options)
    {
        this.options = options;
        pool = Open(options.Authorities?.Invoke(), options.ClientCertificate?.Invoke());
    }

    private HttpClient Http
    {
        get
        {
            var (authorities, certificate) = (options.Authorities?.Invoke(), options.ClientCertificate?.Invoke());
            lock (gate)
            {
                // What is under way in the one of before goes on; its connections end when they are idle.
                return (ReferenceEquals(pool.Authorities, authorities) && ReferenceEquals(pool.Certificate, certificate) ? pool : pool = Open(authorities, certificate)).Http;
            }
        }
    }

    public async Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.RequestTimeout);
        try
        {
            using var response = await ExchangeAsync(method, pathAndQuery, contentType, body, timeout.Token);
            return await response.Content.ReadAsByteArrayAsync(timeout.Token);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{method} {pathAndQuery} took longer than {options.RequestTimeout.TotalSeconds:0} s.", late);
        }
    }

    /// <summary>The response as soon as its headers are there; anything but success throws.</summary>
    public async Task<HttpResponseMessage> ExchangeAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var http = Http;
        using var request = new HttpRequestMessage(method, pathAndQuery)
        {
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };
        if (options.BearerToken?.Invoke() is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (contentType is not null)
        {
            request.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        }

        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await FailureAsync(response, cancellationToken);
        }
    }

    /// <summary>A WebSocket, over a connection of its own.</summary>
    /// <exception cref="ApiException">The server refuses.</exception>
    public async Task<WebSocket> ConnectAsync(string pathAndQuery, string protocol, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(protocol);
            socket.Options.CollectHttpResponseDetails = true;
            if (options.BearerToken?.Invoke() is { Length: > 0 } token)
            {
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            }

            await socket.ConnectAsync(new UriBuilder(new Uri(options.Server, pathAndQuery)) { Scheme = options.Server.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri, Http, cancellationToken);
            return socket;
        }
        catch (WebSocketException refused)
        {
            var code = (int)socket.HttpStatusCode;
            socket.Dispose();
            throw code == 0
                ? new HttpRequestException(refused.Message, refused)
                : new ApiException(new V1Status { Status = "Failure", Code = code, Message = $"The server answered {code}: {refused.Message}" });
        }
    }

    public void Dispose() => pool.Http.Dispose();

    private Pool Open(X509Certificate2Collection? authorities, X509Certificate2? certificate)
    {
        var http = new HttpClient(options.Handler ?? CreateHandler(options, authorities, certificate), disposeHandler: options.Handler is null)
        {
            BaseAddress = options.Server,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        return new Pool(authorities, certificate, http);
    }

    private static async Task<ApiException> FailureAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType == "application/json" && body.Length > 0)
        {
            var status = ObjectJson.Decode<V1Status>(body);
            status.Code ??= (int)response.StatusCode;
            return new ApiException(status);
        }

        // Something between here and the API server answered.
        var text = System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 300)));
        return new ApiException(new V1Status
        {
            Status = "Failure",
            Code = (int)response.StatusCode,
            Message = text.Length == 0 ? $"The server answered {(int)response.StatusCode}." : text,
        });
    }

    private static LostConnectionHandler CreateHandler(HttpObjectClientOptions options, X509Certificate2Collection? authorities, X509Certificate2? certificate)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.ClientCertificate is not null)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!;
        }

        if (authorities is not null)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (options.Accepts is { } accepts)
        {
            tls.RemoteCertificateValidationCallback = (_, shown, _, problems) => problems == SslPolicyErrors.None && shown is X509Certificate2 server && accepts(server);
        }

        return new LostConnectionHandler(new SocketsHttpHandler
        {
            SslOptions = tls,
            ConnectTimeout = options.ConnectTimeout,
            ConnectCallback = options.Connect is { } connect ? (_, cancellationToken) => connect(cancellationToken) : null,
            PooledConnectionLifetime = options.ConnectionLifetime,
            EnableMultipleHttp2Connections = true,
            UseProxy = false,

            // A peer that vanished without a word is noticed, by watches too.
            KeepAlivePingDelay = options.KeepAlive,
            KeepAlivePingTimeout = options.KeepAlive,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
        });
    }

    private sealed record Pool(X509Certificate2Collection? Authorities, X509Certificate2? Certificate, HttpClient Http);
}
