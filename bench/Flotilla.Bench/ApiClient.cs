using System.Net;
using System.Net.Http.Headers;
using k8s;

namespace Flotilla.Bench;

/// <summary>
/// The barest client there is: keep-alive connections and bodies made before. What it costs is not what is measured,
/// but it shares the machine with the server.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue MergePatch = new("application/merge-patch+json");
    private readonly HttpMessageInvoker http;
    private readonly Uri root;
    private readonly Version version;

    public ApiClient(KubernetesClientConfiguration config, Version version)
    {
        root = new Uri(config.Host);
        this.version = version;
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1024,
            EnableMultipleHttp2Connections = true,
            AutomaticDecompression = DecompressionMethods.None,
        };
        handler.SslOptions = ClusterTrust.Options(config);
        http = new HttpMessageInvoker(handler);
    }

    public void Dispose() => http.Dispose();

    public Task PostAsync(string path, byte[] body) => DoAsync(HttpMethod.Post, path, body, Json);

    public Task PatchAsync(string path, byte[] body) => DoAsync(HttpMethod.Patch, path, body, MergePatch);

    public Task DeleteAsync(string path) => DoAsync(HttpMethod.Delete, path, null, null);

    public Task<long> GetAsync(string path) => DoAsync(HttpMethod.Get, path, null, null);

    public async Task<byte[]> ReadAsync(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, null, default);
        return await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>Hands over the stream of a watch; the caller reads it as it likes.</summary>
    public async Task<Stream> WatchAsync(string path, CancellationToken cancellationToken)
    {
        var response = await SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }

    private async Task<long> DoAsync(HttpMethod method, string path, byte[]? body, MediaTypeHeaderValue? type)
    {
        using var response = await SendAsync(method, path, body, type, default);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(64 * 1024);
        long total = 0;
        for (int read; (read = await stream.ReadAsync(buffer)) > 0; total += read)
        {
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        return total;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, byte[]? body, MediaTypeHeaderValue? type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(root, path)) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = type;
        }

        var response = await http.SendAsync(request, cancellationToken);
        return response.IsSuccessStatusCode
            ? response
            : throw new HttpRequestException($"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }
}
