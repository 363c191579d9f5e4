using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Tests.Aggregation;

public sealed class AggregationTests(ApiHost host)
{
    private const string Root = "/apis/apiregistration.k8s.io/v1/apiservices";

    [Fact]
    public async Task What_the_server_serves_itself_is_registered_and_available()
    {
        var apps = await host.Admin.EventuallyAsync($"{Root}/v1.apps", reply => reply.Code == 200 && (string?)reply["status.conditions.0.reason"] == "Local");
        Assert.Equal("Local APIServices are always available", (string?)apps["status.conditions.0.message"]);
        Assert.Equal((17800, 15), ((int)apps["spec.groupPriorityMinimum"]!, (int)apps["spec.versionPriority"]!));
        await host.Admin.EventuallyAsync($"{Root}/v1.", reply => reply.Code == 200);
    }

    [Fact]
    public async Task A_definition_registers_its_versions_and_takes_them_away()
    {
        var defs = CustomResources.Definitions.New(host);
        await defs.CreateAsync(defs.Simple("""{"type":"object"}"""));
        await host.Admin.EventuallyAsync($"{Root}/v1.{defs.Group}", reply => reply.Code == 200);
        (await host.Admin.DeleteAsync(defs.Path)).Expect(200);
        await host.Admin.EventuallyAsync($"{Root}/v1.{defs.Group}", reply => reply.Code == 404);
    }

    [Fact]
    public async Task Another_servers_group_is_discovered_and_served_in_the_callers_name()
    {
        var space = await host.SpaceAsync();
        var seen = new List<string>();
        await using var backend = await BackendServer.StartAsync(tls: true, async context =>
        {
            seen.Add($"{context.Request.Method} {context.Request.Path} as {context.Request.Headers["X-Remote-User"]} by {context.Connection.ClientCertificate?.Subject}");
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(context.Request.Path == "/apis/sample.example.org/v1"
                ? """{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"sample.example.org/v1","resources":[{"name":"flunders","singularName":"flunder","namespaced":true,"kind":"Flunder","verbs":["get","list"]}]}"""
                : """{"kind":"FlunderList","apiVersion":"sample.example.org/v1","items":[]}""");
        });
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/services", backend.Service("sample"))).Expect(201);
        (await host.Admin.PostAsync(Root, ApiService("sample.example.org", space, "sample", backend.Port))).Expect(201);
        var available = await host.Admin.EventuallyAsync($"{Root}/v1.sample.example.org", reply => Available(reply) == "True");
        Assert.Equal("all checks passed", (string?)available["status.conditions.0.message"]);
        var list = (await host.ClientOf("jane", "system:masters").GetAsync("/apis/sample.example.org/v1/namespaces/x/flunders")).Expect(200);
        Assert.Equal("FlunderList", (string?)list["kind"]);
        Assert.Contains("GET /apis/sample.example.org/v1/namespaces/x/flunders as jane by CN=front-proxy-client", seen);
        Assert.Equal("v1", (string?)(await host.Admin.GetAsync("/apis/sample.example.org"))["preferredVersion.version"]);
        var aggregated = await host.Admin.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        var group = aggregated.Body["items"]!.AsArray().Single(item => (string?)item!["metadata"]?["name"] == "sample.example.org")!;
        Assert.Equal("flunders", (string?)group["versions"]![0]!["resources"]![0]!["resource"]);
        (await host.ClientOf("nobody").GetAsync("/apis/sample.example.org/v1/namespaces/x/flunders")).Expect(403);
        (await host.Admin.DeleteAsync($"{Root}/v1.sample.example.org")).Expect(200);
        await host.Admin.EventuallyAsync("/apis/sample.example.org", reply => reply.Code == 404);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_says_why()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync(Root, ApiService("gone.example.org", space, "gone", 443))).Expect(201);
        var missing = await host.Admin.EventuallyAsync($"{Root}/v1.gone.example.org", reply => Available(reply) == "False");
        Assert.Equal(("ServiceNotFound", $"service/gone in \"{space}\" is not present"), ((string)missing["status.conditions.0.reason"]!, (string)missing["status.conditions.0.message"]!));
        var answer = (await host.Admin.GetAsync("/apis/gone.example.org/v1/things")).Expect(503);
        Assert.Equal("service unavailable\n", answer.Text);
        (await host.Admin.DeleteAsync($"{Root}/v1.gone.example.org")).Expect(200);
    }

    private static string? Available(Reply reply) => (string?)(reply["status.conditions"] as JsonArray)?.FirstOrDefault(condition => (string?)condition!["type"] == "Available")?["status"];

    private static string ApiService(string group, string space, string service, int port) => $$"""
        {"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.{{group}}"},
         "spec":{"group":"{{group}}","version":"v1","groupPriorityMinimum":2000,"versionPriority":200,"insecureSkipTLSVerify":true,
         "service":{"namespace":"{{space}}","name":"{{service}}","port":{{port}} } } }
        """;
}
