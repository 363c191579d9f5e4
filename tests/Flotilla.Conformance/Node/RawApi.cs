using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace Flotilla.Conformance.Node;

/// <summary>Requests by path, for kinds and answers that the typed client does not show.</summary>
internal sealed class RawApi(Kubernetes client)
{
    public async Task<Answer> SendAsync(string method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(client.BaseUri, path));
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        }
        using var response = await client.HttpClient.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new Answer((int)response.StatusCode, text);
    }

    public Task<Answer> GetAsync(string path) => SendAsync("GET", path);

    public Task<Answer> PatchAsync(string path, string body, string type = "application/merge-patch+json") => SendAsync("PATCH", path, body, type);

    public sealed record Answer(int Code, string Text)
    {
        public JsonNode Body => JsonNode.Parse(Text)!;

        public Answer Expect(int code)
        {
            Assert.True(Code == code, $"{Code}: {Text}");
            return this;
        }
    }
}
