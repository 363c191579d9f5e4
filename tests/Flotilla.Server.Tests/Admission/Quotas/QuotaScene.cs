using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Quotas;

/// <summary>A namespace with quotas.</summary>
internal sealed class QuotaScene(ApiHost host, string space)
{
    public string Path => $"/api/v1/namespaces/{space}";

    public ApiCaller Api => host.Admin;

    public static async Task<QuotaScene> CreateAsync(ApiHost host)
    {
        var space = await host.SpaceAsync("quota");
        await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}/configmaps/kube-root-ca.crt", reply => reply.Code == 200);
        return new QuotaScene(host, space);
    }

    /// <summary>Makes a quota and waits until it is counted.</summary>
    public async Task AddAsync(string name, string spec)
    {
        (await Api.PostAsync($"{Path}/resourcequotas", $$"""{"metadata":{"name":"{{name}}"},"spec":{{spec}} }""")).Expect(201);
        await Api.EventuallyAsync($"{Path}/resourcequotas/{name}", reply => reply.Body["status"]?["hard"] is not null);
    }

    /// <summary>Waits until so much is used, e.g. <c>pods=1</c>.</summary>
    public Task UsesAsync(string quota, string used) => Api.EventuallyAsync(
        $"{Path}/resourcequotas/{quota}",
        reply => used.Split(',').All(pair => (string?)reply.Body["status"]?["used"]?[pair.Split('=')[0]] == pair.Split('=')[1]));

    public Task<Reply> CreatePodAsync(string name, string resources = "{}", string more = "") =>
        Api.PostAsync($"{Path}/pods", $$"""{"metadata":{"name":"{{name}}"},"spec":{ {{more}} "containers":[{"name":"c","image":"i","resources":{{resources}} }]} }""");

    public Task<Reply> CreateAsync(string path, JsonNode body) => Api.PostAsync(path, body);
}
