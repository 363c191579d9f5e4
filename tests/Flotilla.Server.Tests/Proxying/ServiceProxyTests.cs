using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Webhooks;
using Flotilla.Server.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Tests.Proxying;

public sealed class ServiceProxyTests(ApiHost host, WebhookServer webhooks)
{
    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Every_method_reaches_the_service(string method)
    {
        var space = await host.SpaceAsync();
        await using var backend = await BackendServer.StartAsync(tls: false, async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {await body.ReadToEndAsync()} {context.Request.Headers.Authorization}");
        });
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/services", backend.Service("web", "http"))).Expect(201);
        foreach (var name in new[] { "web:http", $"http:web:{backend.Port}", "web" })
        {
            var sent = method is "GET" or "DELETE" or "OPTIONS" ? null : "hello";
            var reply = (await host.Admin.SendAsync(new HttpMethod(method), $"/api/v1/namespaces/{space}/services/{name}/proxy/some/path?x=1", sent, "text/plain", "*/*")).Expect(200);
            Assert.Equal($"{method} /some/path?x=1 {sent} ", reply.Text);
        }
    }

    [Fact]
    public async Task Large_bodies_and_errors_pass_as_they_are()
    {
        var space = await host.SpaceAsync();
        await using var backend = await BackendServer.StartAsync(tls: false, async context =>
        {
            context.Response.StatusCode = 418;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/services", backend.Service("web"))).Expect(201);
        var body = new string('x', 6_000_000);
        var reply = (await host.Admin.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{space}/services/web/proxy/", body, "text/plain", "*/*")).Expect(418);
        Assert.Equal(body.Length, reply.Bytes.Length);
    }

    [Fact]
    public async Task What_webhooks_warn_of_is_told_with_the_answer()
    {
        await using var scene = await WebhookScene.CreateAsync(host, webhooks);
        await using var backend = await BackendServer.StartAsync(tls: false, context => context.Response.WriteAsync("served"));
        (await host.Admin.PostAsync($"/api/v1/namespaces/{scene.Space}/services", backend.Service("web"))).Expect(201);
        var path = webhooks.On(_ => new JsonObject { ["allowed"] = true, ["warnings"] = new JsonArray("mind the gap") });
        await scene.ValidateAsync(scene.Hook(path, """[{"operations":["CONNECT"],"apiGroups":[""],"apiVersions":["v1"],"resources":["services/proxy"]}]"""));
        var reply = (await host.Admin.GetAsync($"/api/v1/namespaces/{scene.Space}/services/web/proxy/", "*/*")).Expect(200);
        Assert.Equal(["299 - \"mind the gap\""], reply.Headers.GetValues("Warning"));
        var missing = (await host.Admin.GetAsync($"/api/v1/namespaces/{scene.Space}/services/web:other/proxy/")).Expect(503);
        Assert.Equal(["299 - \"mind the gap\""], missing.Headers.GetValues("Warning"));
    }

    [Fact]
    public async Task Services_that_lead_nowhere_are_told_apart()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/services", """{"metadata":{"name":"none"},"spec":{"ports":[{"port":80}]}}""")).Expect(201);
        var missing = (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/services/none/proxy/")).Expect(503);
        Assert.Equal("no endpoints available for service \"none\"", missing.Message);
        var unknown = (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/services/none:other/proxy/")).Expect(503);
        Assert.Equal("no service port \"other\" found for service \"none\"", unknown.Message);
        (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/services/absent/proxy/")).Expect(404);
        (await host.ClientOf("nobody").GetAsync($"/api/v1/namespaces/{space}/services/none/proxy/")).Expect(403);
    }
}
