using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.CustomResources;

namespace Flotilla.Bench;

/// <summary>Definitions of custom resources: one of an operator's size, and a thousand small ones.</summary>
internal sealed class DefinitionBench(ApiClient api)
{
    private const string Root = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const int Many = 1000;
    private const int Objects = 200;

    public async IAsyncEnumerable<Figure> RunAsync()
    {
        await foreach (var figure in OperatorAsync())
        {
            yield return figure;
        }

        yield return await Clients.MeasureAsync($"Create {Many} small definitions, 4 clients", "/s", 4, Many, i => api.PostAsync(Root, Small(i)));
        yield return await TimeAsync("The last of them is served", () => ServedAsync($"/apis/{Group(Many - 1)}/v1/things"));
        yield return await TimeAsync("One more, until it is served", async () =>
        {
            await api.PostAsync(Root, Small(Many));
            await ServedAsync($"/apis/{Group(Many)}/v1/things");
        });
        yield return await TimeAsync("GET /apis with all of them", () => api.GetAsync("/apis"));
        yield return await TimeAsync("GET /openapi/v3 with all of them", () => api.GetAsync("/openapi/v3"));
        yield return await TimeAsync("GET /openapi/v2 with all of them", () => api.GetAsync("/openapi/v2"));
    }

    private async IAsyncEnumerable<Figure> OperatorAsync()
    {
        const string Operator = "operator.example.com";
        var definition = OperatorDefinition.From((JsonObject)JsonNode.Parse(await api.ReadAsync("/openapi/v3/api/v1"))!, Operator, "monitors", "Monitor");
        var body = Encoding.UTF8.GetBytes(definition.ToJsonString());
        yield return await TimeAsync($"A definition of {OperatorDefinition.LinesOf(definition)} lines, until it is served", async () =>
        {
            await api.PostAsync(Root, body);
            await ServedAsync($"/apis/{Operator}/v1/monitors");
        });
        var path = $"/apis/{Operator}/v1/namespaces/default/monitors";
        yield return await Clients.MeasureAsync("Create objects of it, 4 clients", "/s", 4, Objects, i => api.PostAsync(path, Monitor(i)));
        yield return await Clients.MeasureAsync("Merge patch, 4 clients", "/s", 4, Objects, i => api.PatchAsync($"{path}/m{i}", """{"spec":{"shards":2}}"""u8.ToArray()));
        yield return await TimeAsync("GET its OpenAPI document", () => api.GetAsync($"/openapi/v3/apis/{Operator}/v1"));
    }

    private async Task ServedAsync(string path)
    {
        for (var limit = Stopwatch.StartNew(); limit.Elapsed < TimeSpan.FromMinutes(2); await Task.Delay(2))
        {
            try
            {
                await api.GetAsync(path);
                return;
            }
            catch (HttpRequestException) when (limit.Elapsed < TimeSpan.FromMinutes(1))
            {
                // Not yet.
                continue;
            }
        }
    }

    private static async Task<Figure> TimeAsync(string what, Func<Task> act)
    {
        var before = Clients.ServerTime?.Invoke();
        var watch = Stopwatch.StartNew();
        await act();
        return new Figure(what, watch.Elapsed.TotalMilliseconds, "ms") { ServerMicroseconds = (Clients.ServerTime?.Invoke() - before)?.TotalMicroseconds };
    }

    private static string Group(int i) => $"g{i}.example.com";

    private static byte[] Small(int i) => Encoding.UTF8.GetBytes($$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.{{Group(i)}}"},
         "spec":{"group":"{{Group(i)}}","scope":"Namespaced","names":{"plural":"things","kind":"Thing"},
         "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"} } } } } } }] } }
        """);

    private static byte[] Monitor(int i) => Encoding.UTF8.GetBytes($$"""
        {"apiVersion":"operator.example.com/v1","kind":"Monitor","metadata":{"name":"m{{i}}"},"spec":{"shards":1,
         "podTemplate":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":1,"memory":"1Gi"} } }] } } }
        """);
}
