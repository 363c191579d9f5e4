using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>One pool of connections to an API server: identity, trust, and answers that are not success turned into exceptions.</summary>
internal sealed class ApiConnection : IDisposable
{
    private readonly HttpObjectClientOptions options;
    private readonly HttpClient http;

    public ApiConnection(HttpObjectClientOptions options)
    {
        this.options = options;
        http = new HttpClient(options.Handler ?? CreateHandler(options), disposeHandler: options.Handler is null)
        {
            BaseAddress = options.Server,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
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

            await socket.ConnectAsync(new UriBuilder(new Uri(options.Server, pathAndQuery)) { Scheme = options.Server.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri, http, cancellationToken);
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

    public void Dispose() => http.Dispose();

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

    private static SocketsHttpHandler CreateHandler(HttpObjectClientOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.ClientCertificate is { } certificate)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate()!;
        }

        if (options.Authorities is { } authorities)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return new SocketsHttpHandler
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
        };
    }
}
