using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Local;

namespace Flotilla.Imports;

/// <summary>The Docker API of one engine, as its clients ask it.</summary>
internal sealed class DockerApi : IDisposable
{
    private const string Unix = "unix://";
    private const string Tcp = "tcp://";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly HttpClient http;
    private readonly string host;

    /// <param name="host">As <c>DOCKER_HOST</c>: <c>unix:///run/docker.sock</c> or <c>tcp://host:2375</c>.</param>
    /// <exception cref="UserError">It is neither.</exception>
    public DockerApi(string host)
    {
        this.host = host;
        var isUnix = host.StartsWith(Unix, StringComparison.Ordinal);
        var handler = new SocketsHttpHandler();
        if (isUnix)
        {
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(host[Unix.Length..]), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (Exception)
                {
                    socket.Dispose();
                    throw;
                }
            };
        }
        else if (!host.StartsWith(Tcp, StringComparison.Ordinal))
        {
            throw new UserError($"{host} must begin with {Unix} or {Tcp}.");
        }

        http = new HttpClient(handler) { BaseAddress = new Uri(isUnix ? "http://docker" : "http://" + host[Tcp.Length..]), Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <exception cref="UserError">The engine does not answer, or refuses.</exception>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellationToken)
    {
        var (code, answer) = await SendAsync(HttpMethod.Get, path, null, cancellationToken);
        return code < 300 ? answer : throw new UserError($"{host}: {answer.String("message")}");
    }

    /// <returns>null: there is no such thing.</returns>
    /// <exception cref="UserError">The engine does not answer, or refuses.</exception>
    public async Task<JsonNode?> FindAsync(string path, CancellationToken cancellationToken)
    {
        var (code, answer) = await SendAsync(HttpMethod.Get, path, null, cancellationToken);
        return code == 404 ? null : code < 300 ? answer : throw new UserError($"{host}: {answer.String("message")}");
    }

    /// <returns>null: it is made; else why it is not.</returns>
    public async Task<string?> CreateAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        var (code, answer) = await SendAsync(HttpMethod.Post, path, body, cancellationToken);
        return code < 300 ? null : code == 409 ? "is here already" : answer.String("message") ?? $"code {code}";
    }

    /// <summary>A request whose answer is a JSON object a line, for as long as it takes.</summary>
    /// <exception cref="UserError">The engine does not answer, or refuses.</exception>
    public async Task PostAsync(string path, HttpContent body, Action<JsonNode> take, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            if (!response.IsSuccessStatusCode)
            {
                throw new UserError(JsonNode.Parse(await lines.ReadToEndAsync(cancellationToken)).String("message") ?? $"The engine at {host} says no: {(int)response.StatusCode}");
            }

            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Length > 0 && JsonNode.Parse(line) is { } said)
                {
                    take(said);
                }
            }
        }
        catch (Exception failure) when (failure is HttpRequestException { InnerException: SocketException } or JsonException)
        {
            throw new UserError($"The engine at {host} does not answer: {failure.Message}");
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<(int Code, JsonNode? Answer)> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Limit);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
            using var response = await http.SendAsync(request, bounded.Token);
            var text = await response.Content.ReadAsStringAsync(bounded.Token);
            return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or JsonException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UserError($"The engine at {host} does not answer: {failure.Message}");
        }
    }
}
