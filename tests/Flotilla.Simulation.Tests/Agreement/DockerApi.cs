using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Simulation.Tests.Agreement;

/// <summary>The Docker API on a unix socket, as any client asks it.</summary>
internal sealed class DockerApi(string socket) : IDisposable
{
    private const string Version = "/v1.43";

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
            return new NetworkStream(connection, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://docker"),
        Timeout = TimeSpan.FromSeconds(60),
    };

    public void Dispose() => http.Dispose();

    public async Task<JsonArray> ListAsync(string path) => await OkAsync(HttpMethod.Get, path) as JsonArray ?? throw new IOException($"{path}: no answer");

    public async Task<JsonNode> OkAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        var (code, text) = await SendAsync(method, path, body);
        return code < 300 ? text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)! : throw new InvalidOperationException($"{method} {path} {body?.ToJsonString()}: {code} {text}");
    }

    /// <exception cref="HttpRequestException">Nobody listens.</exception>
    public async Task<(int Code, string Text)> SendAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, Version + path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var answer = await http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
