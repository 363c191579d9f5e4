using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Server.Tests.Harness;

/// <summary>The API as one client sees it: requests in, whatever comes back out. Nothing is interpreted or retried.</summary>
public sealed class ApiCaller(HttpClient http, string? bearer)
{
    public const string Json = "application/json";
    public const string MergePatch = "application/merge-patch+json";
    public const string JsonPatch = "application/json-patch+json";
    public const string StrategicPatch = "application/strategic-merge-patch+json";
    public const string Apply = "application/apply-patch+yaml";
    public const string Table = "application/json;as=Table;g=meta.k8s.io;v=v1";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<Reply> GetAsync(string path, string accept = Json) => SendAsync(HttpMethod.Get, path, null, Json, accept);

    public Task<Reply> PostAsync(string path, string body, string type = Json) => SendAsync(HttpMethod.Post, path, body, type);

    public Task<Reply> PostAsync(string path, JsonNode body) => PostAsync(path, body.ToJsonString());

    public Task<Reply> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body.ToJsonString());

    public Task<Reply> PatchAsync(string path, string body, string type = MergePatch) => SendAsync(HttpMethod.Patch, path, body, type);

    public Task<Reply> DeleteAsync(string path, string? body = null) => SendAsync(HttpMethod.Delete, path, body);

    public Task<Reply> SendAsync(HttpMethod method, string path, string? body, string type = Json, string accept = Json) =>
        SendBytesAsync(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), type, accept);

    public async Task<Reply> SendBytesAsync(HttpMethod method, string path, byte[]? body, string type, string accept, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, path, accept);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using var response = await http.SendAsync(request, Cancel);
        return new Reply((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(Cancel), response.Headers, response.Content.Headers);
    }

    /// <summary>Opens a watch and returns its events as they come; ends after <paramref name="limit"/>.</summary>
    public async IAsyncEnumerable<JsonObject> WatchAsync(string path, TimeSpan? limit = null, string accept = Json)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        cancel.CancelAfter(limit ?? TimeSpan.FromSeconds(20));
        using var request = Request(HttpMethod.Get, path, accept);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel.Token);
        Assert.Equal(200, (int)response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel.Token));
        while (await reader.ReadLineAsync(cancel.Token) is { } line)
        {
            yield return (JsonObject)JsonNode.Parse(line)!;
        }
    }

    /// <summary>Asks until the answer is as wanted; fails with the last answer after <paramref name="seconds"/>.</summary>
    public async Task<Reply> EventuallyAsync(string path, Func<Reply, bool> wanted, int seconds = 20)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var reply = await GetAsync(path);
            if (wanted(reply))
            {
                return reply;
            }

            Assert.True(DateTime.UtcNow < deadline, $"{path} did not become as wanted: {reply}");
            await Task.Delay(50, Cancel);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string accept)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "converse");
        if (bearer is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }

        return request;
    }
}

/// <summary>One answer: status, body, headers.</summary>
public sealed record Reply(int Code, byte[] Bytes, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonObject Body => (JsonObject)JsonNode.Parse(Bytes)!;

    public IReadOnlyList<string> Warnings => Headers.TryGetValues("Warning", out var values) ? [.. values] : [];

    /// <summary>The message of a Status.</summary>
    public string Message => (string?)Body["message"] ?? "";

    public JsonNode? this[string path] => path.Split('.').Aggregate((JsonNode?)Body, (node, name) => int.TryParse(name, out var at) && node is JsonArray list ? list[at] : node?[name]);

    public Reply Expect(int code)
    {
        Assert.True(Code == code, $"{code} expected: {this}");
        return this;
    }

    public override string ToString() => $"{Code} {Text}";
}
