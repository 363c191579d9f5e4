using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.EndToEnd;

/// <summary>Whatever is sent, the answer is a Status as upstream's, and nothing is stored.</summary>
public sealed class BadInputTests(Cluster cluster)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Theory]
    [InlineData("json", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"bad"}}""", 400, "BadRequest")]
    [InlineData("json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Not_Valid"}}""", 422, "Invalid")]
    [InlineData("json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":""", 400, "BadRequest")]
    [InlineData("json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":1}}""", 400, "BadRequest")]
    [InlineData("json", "[]", 400, "BadRequest")]
    [InlineData("yaml", "a: b: c:\n - x", 400, "BadRequest")]
    [InlineData("x-unknown", "{}", 415, "UnsupportedMediaType")]
    public async Task A_bad_object_is_refused(string type, string body, int code, string reason)
    {
        var (status, answer) = await SendAsync(HttpMethod.Post, ConfigMaps, body, $"application/{type}");

        Assert.Equal((HttpStatusCode)code, status);
        Assert.Equal(("Status", "Failure", reason, code), ((string)answer["kind"]!, (string)answer["status"]!, (string)answer["reason"]!, (int)answer["code"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, ConfigMaps + "/bad", null)).Status);
    }

    [Fact]
    public async Task An_unknown_field_is_refused_when_strict()
    {
        var (status, answer) = await SendAsync(
            HttpMethod.Post, ConfigMaps + "?fieldValidation=Strict", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"colour":"red"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("unknown field \"colour\"", (string)answer["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stale_version_is_a_conflict()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.OkAsync("create", "configmap", "one", "--from-literal=a=1");
        var path = $"/api/v1/namespaces/{space.Name}/configmaps/one";
        var old = await SendAsync(HttpMethod.Get, path, null);
        await space.OkAsync("annotate", "configmap", "one", "x=y");

        var (status, answer) = await SendAsync(HttpMethod.Put, path, old.Answer.ToJsonString());

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("the object has been modified; please apply your changes to the latest version and try again", (string)answer["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_of_five_megabytes_is_too_large()
    {
        var body = $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":"{{{new string('x', 5_000_000)}}}"}}""";
        var (status, answer) = await SendAsync(HttpMethod.Post, ConfigMaps, body);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Equal("RequestEntityTooLarge", (string)answer["reason"]!);
    }

    [Fact]
    public async Task A_patch_that_breaks_validation_changes_nothing()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Deployment("my-app", 0));
        var refused = await space.RunAsync("patch", "deployment", "my-app", "-p", """{"spec":{"replicas":-1}}""");

        Assert.Contains("spec.replicas: Invalid value: -1: must be greater than or equal to 0", refused.Failure(), StringComparison.Ordinal);
        Assert.Equal("0", await space.FieldAsync("deployment/my-app", ".spec.replicas"));
    }

    [Fact]
    public async Task Kubectl_shows_the_reason()
    {
        await using var space = await Space.CreateAsync(cluster);
        var unknown = await space.RunAsync(35, "apiVersion: apps/v2\nkind: Deployment\nmetadata: {name: x}", "apply", "-f", "-");
        var selector = await space.RunAsync(35, Manifests.Deployment("x", 1).Replace("labels: {app: x}}", "labels: {app: other}}", StringComparison.Ordinal), "apply", "-f", "-");

        Assert.Contains("no matches for kind \"Deployment\" in version \"apps/v2\"", unknown.Failure(), StringComparison.Ordinal);
        Assert.Contains("`selector` does not match template `labels`", selector.Failure(), StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, JsonNode Answer)> SendAsync(HttpMethod method, string path, string? body, string type = "application/json")
    {
        using var http = cluster.Http();
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new(type);
        }

        using var response = await http.SendAsync(request);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }
}
