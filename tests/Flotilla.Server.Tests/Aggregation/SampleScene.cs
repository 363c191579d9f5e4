using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Aggregation;

/// <summary>A sample API server behind a Service and an APIService in a namespace of its own.</summary>
internal sealed class SampleScene : IAsyncDisposable
{
    public const string ApiServices = "/apis/apiregistration.k8s.io/v1/apiservices";

    private readonly ApiHost host;
    private readonly BackendServer backend;

    private SampleScene(ApiHost host, string group, string space, SampleApiServer server, BackendServer backend)
    {
        this.host = host;
        this.backend = backend;
        (Group, Space, Server) = (group, space, server);
    }

    public string Group { get; }

    public string Space { get; }

    public SampleApiServer Server { get; }

    public string Name => $"v1alpha1.{Group}";

    public string Path => $"{ApiServices}/{Name}";

    public string Root => $"/apis/{Group}/v1alpha1";

    public string Flunders(string? space = null) => $"{Root}/namespaces/{space ?? Space}/flunders";

    /// <summary>Returns once the API server finds the other one available.</summary>
    public static async Task<SampleScene> StartAsync(ApiHost host, string group)
    {
        var space = await host.SpaceAsync("aggregator");
        var server = new SampleApiServer(group);
        var backend = await BackendServer.StartAsync(tls: true, server.AnswerAsync, $"sample-api.{space}.svc");
        var scene = new SampleScene(host, group, space, server, backend);
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/services", backend.Service("sample-api"))).Expect(201);
        (await host.Admin.PostAsync(ApiServices, scene.Definition())).Expect(201);
        await host.Admin.EventuallyAsync(scene.Path, reply => Condition(reply, "status") == "True");
        return scene;
    }

    public static string? Condition(Reply reply, string field) =>
        (string?)(reply["status.conditions"] as JsonArray)?.FirstOrDefault(condition => (string?)condition!["type"] == "Available")?[field];

    public async ValueTask DisposeAsync()
    {
        await host.Admin.DeleteAsync(Path);
        await backend.DisposeAsync();
    }

    public string Flunder(string name, string metadata = "") =>
        $$$"""{"apiVersion":"{{{Group}}}/v1alpha1","kind":"Flunder","metadata":{"name":"{{{name}}}","labels":{"sample-label":"true"}{{{metadata}}}},"spec":{},"status":{} }""";

    private string Definition() => $$"""
        {"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"{{Name}}"},
         "spec":{"group":"{{Group}}","version":"v1alpha1","groupPriorityMinimum":2000,"versionPriority":200,"caBundle":"{{backend.CaBundle}}",
         "service":{"namespace":"{{Space}}","name":"sample-api","port":{{backend.Port}} } } }
        """;
}
