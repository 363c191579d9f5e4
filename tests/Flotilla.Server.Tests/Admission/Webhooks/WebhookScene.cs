using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Webhooks;

/// <summary>A namespace and the webhook configurations made for it, which go again with the test.</summary>
internal sealed class WebhookScene(ApiHost host, WebhookServer server, string space) : IAsyncDisposable
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";
    public const string ConfigMaps = """[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]""";
    private readonly List<string> made = [];

    public string Space => space;

    public ApiCaller Api => host.Admin;

    public WebhookServer Server => server;

    /// <summary>Every namespace gets a config map of its own; once it is there, what webhooks see is the test's doing.</summary>
    public static async Task<WebhookScene> CreateAsync(ApiHost host, WebhookServer server)
    {
        var space = await host.SpaceAsync("webhook");
        await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}/configmaps/kube-root-ca.crt", reply => reply.Code == 200);
        return new WebhookScene(host, server, space);
    }

    public Task<string> MutateAsync(params JsonObject[] hooks) => RegisterAsync("mutatingwebhookconfigurations", hooks);

    public Task<string> ValidateAsync(params JsonObject[] hooks) => RegisterAsync("validatingwebhookconfigurations", hooks);

    public JsonObject Hook(string path, string rules = ConfigMaps, string more = "{}", string name = "hook.example.com") => server.Hook(name, path, space, rules, more);

    public Task<Reply> CreateConfigMapAsync(string name, string query = "", string data = "{}") =>
        Api.PostAsync($"/api/v1/namespaces/{space}/configmaps{query}", $$"""{"metadata":{"name":"{{name}}"},"data":{{data}} }""");

    public Task<Reply> CreatePodAsync(string name, string spec = """{"containers":[{"name":"c","image":"i"}]}""") =>
        Api.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"{{name}}"},"spec":{{spec}} }""");

    public async Task<string> RegisterAsync(string plural, JsonObject[] hooks, string labels = "{}")
    {
        var name = $"{space}-{made.Count}";
        var body = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = JsonNode.Parse(labels) }, ["webhooks"] = new JsonArray([.. hooks]) };
        (await Api.PostAsync($"{Group}/{plural}", body)).Expect(201);
        made.Add($"{Group}/{plural}/{name}");
        return made[^1];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var path in made)
        {
            await Api.DeleteAsync(path);
        }
    }
}
