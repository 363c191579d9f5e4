using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Conformance.Storage;

/// <summary>The operations every resource has, one after the other, as a client that knows nothing of its type makes them.</summary>
internal sealed class Lifecycle(HttpClient http, string collection)
{
    public async Task<JsonNode> CreateAsync(string body) => await SendAsync(HttpMethod.Post, collection, body, HttpStatusCode.Created);

    public async Task<JsonNode> GetAsync(string name, string subresource = "") => await SendAsync(HttpMethod.Get, $"{collection}/{name}{subresource}", null);

    public async Task<int> CountAsync(string labelSelector) =>
        (await SendAsync(HttpMethod.Get, $"{collection}?labelSelector={Uri.EscapeDataString(labelSelector)}", null))["items"]!.AsArray().Count;

    public async Task<JsonNode> PatchAsync(string name, string merge, string subresource = "") =>
        await SendAsync(HttpMethod.Patch, $"{collection}/{name}{subresource}", merge, type: "application/merge-patch+json");

    public async Task<JsonNode> ReplaceAsync(JsonNode item, string subresource = "") =>
        await SendAsync(HttpMethod.Put, $"{collection}/{item["metadata"]!["name"]}{subresource}", item.ToJsonString());

    public async Task DeleteAsync(string name) => await SendAsync(HttpMethod.Delete, $"{collection}/{name}", null);

    public async Task DeleteAllAsync(string labelSelector) =>
        await SendAsync(HttpMethod.Delete, $"{collection}?labelSelector={Uri.EscapeDataString(labelSelector)}", null);

    /// <summary>Create, get, list, patch, update, delete, and the same again for a collection.</summary>
    /// <param name="body">With the name <c>NAME</c> and the label <c>test: NAME</c>.</param>
    public async Task RunAsync(string body, string name)
    {
        var created = await CreateAsync(body.Replace("NAME", name, StringComparison.Ordinal));
        Assert.Equal(name, (string?)created["metadata"]!["name"]);
        Assert.Equal((string?)created["metadata"]!["uid"], (string?)(await GetAsync(name))["metadata"]!["uid"]);
        Assert.Equal(1, await CountAsync($"test={name}"));
        var patched = await PatchAsync(name, """{"metadata":{"labels":{"patched":"yes"}}}""");
        Assert.Equal("yes", (string?)patched["metadata"]!["labels"]!["patched"]);
        Assert.Equal("yes", (string?)(await LabelByReplacingAsync(name))["metadata"]!["labels"]!["updated"]);
        Assert.Equal(1, await CountAsync($"test={name},patched=yes,updated=yes"));
        await DeleteAsync(name);
        await GoneAsync($"test={name}");
        await CreateAsync(body.Replace("NAME", $"{name}-2", StringComparison.Ordinal));
        await DeleteAllAsync($"test={name}-2");
        await GoneAsync($"test={name}-2");
    }

    // Controllers may write in between: then once more upon what they wrote.
    private async Task<JsonNode> LabelByReplacingAsync(string name)
    {
        while (true)
        {
            var item = await GetAsync(name);
            item["metadata"]!["labels"]!["updated"] = "yes";
            using var answer = await RequestAsync(HttpMethod.Put, $"{collection}/{name}", item.ToJsonString(), "application/json");
            if (answer.StatusCode != HttpStatusCode.Conflict)
            {
                return await ReadAsync(answer, HttpStatusCode.OK);
            }
        }
    }

    private Task GoneAsync(string selector) => EndToEnd.Tools.Eventually.GetAsync(() => CountAsync(selector), count => count == 0);

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string? body, HttpStatusCode expected = HttpStatusCode.OK, string type = "application/json")
    {
        using var answer = await RequestAsync(method, path, body, type);
        return await ReadAsync(answer, expected);
    }

    private async Task<HttpResponseMessage> RequestAsync(HttpMethod method, string path, string? body, string type)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        return await http.SendAsync(request);
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
