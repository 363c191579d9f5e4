using System.Text;
using Flotilla.Api;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client.Tests.Http;

/// <summary>Against a real server on a loopback port that says what an API server would.</summary>
public sealed class HttpObjectClientTests : IAsyncDisposable
{
    private readonly WebApplication server;
    private HttpObjectClient? client;
    private string? request;
    private string? authorization;

    public HttpObjectClientTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server = builder.Build();
    }

    [Fact]
    public async Task Lists_with_selectors_and_the_bearer_token()
    {
        await ServeAsync("""{"metadata":{"resourceVersion":"42"},"items":[{"metadata":{"name":"a"}}]}""");
        var list = await client!.ListAsync<V1Pod>(new ListScope("ns", "app=web,tier!=x"), CancellationToken.None);

        Assert.Equal("GET /api/v1/namespaces/ns/pods?labelSelector=app%3Dweb%2Ctier%21%3Dx", request);
        Assert.Equal("Bearer secret", authorization);
        Assert.Equal("42", list.ResourceVersion);
        Assert.Equal("a", Assert.Single(list.Items).Metadata.Name);
    }

    [Fact]
    public async Task Watches_lines_and_turns_an_error_event_into_its_exception()
    {
        await ServeAsync("""
            {"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}
            {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}
            {"object":{"code":410,"reason":"Expired","message":"too old"},"type":"ERROR"}

            """);
        var seen = new List<string>();
        var error = await Assert.ThrowsAsync<ApiException>(async () =>
        {
            await foreach (var change in client!.WatchAsync<V1Deployment>(ListScope.All, "5", CancellationToken.None))
            {
                seen.Add($"{change.Type} {change.Object.Metadata.Name} {change.Object.Metadata.ResourceVersion}");
            }
        });

        Assert.Equal(["Added a 1", "Bookmark  7"], seen);
        Assert.True(error.IsExpired);
        Assert.StartsWith("GET /apis/apps/v1/deployments?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_is_read_from_any_resource()
    {
        await ServeAsync("""{"metadata":{"resourceVersion":"42"},"items":[{"metadata":{"name":"a"},"spec":{"size":3}}]}""");
        var scope = new ListScope(Resource: new ResourceType("example.com", "v1", "boats", "Boat"));
        var list = await client!.ListAsync<ObjectMetadata>(scope, CancellationToken.None);

        Assert.Equal("GET /apis/example.com/v1/boats", request);
        Assert.Equal("a", Assert.Single(list.Items).Metadata.Name);
    }

    [Fact]
    public async Task An_answer_that_is_not_success_throws_its_status()
    {
        await ServeAsync("""{"kind":"Status","code":409,"reason":"AlreadyExists","message":"configmaps \"a\" already exists"}""", 409);
        var error = await Assert.ThrowsAsync<ApiException>(() => client!.CreateAsync(
            new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "a", NamespaceProperty = "ns" } }, CancellationToken.None));

        Assert.True(error.IsAlreadyExists);
        Assert.Equal("configmaps \"a\" already exists", error.Message);
        Assert.Equal("POST /api/v1/namespaces/ns/configmaps", request);
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        await server.DisposeAsync();
    }

    private async Task ServeAsync(string answer, int code = 200)
    {
        server.Run(async context =>
        {
            request = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
            authorization = context.Request.Headers.Authorization;
            context.Response.StatusCode = code;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer));
        });
        await server.StartAsync();
        client = new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = new Uri(server.Urls.Single()),
            BearerToken = () => "secret",
        });
    }
}
