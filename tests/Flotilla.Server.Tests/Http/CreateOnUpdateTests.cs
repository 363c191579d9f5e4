using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Http;

public sealed class CreateOnUpdateTests(ApiHost host)
{
    [Fact]
    public async Task A_lease_comes_into_being_by_being_put()
    {
        var path = $"/apis/coordination.k8s.io/v1/namespaces/{await host.SpaceAsync()}/leases/mine";
        var lease = JsonNode.Parse("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{},"spec":{"holderIdentity":"me"}}""")!;
        Assert.Equal("me", (string?)(await host.Admin.PutAsync(path, lease)).Expect(201)["spec.holderIdentity"]);
        (await host.Admin.PutAsync(path, lease)).Expect(422);
        var read = (await host.Admin.GetAsync(path)).Body;
        (await host.Admin.PutAsync(path, read)).Expect(200);
    }

    [Fact]
    public async Task A_config_map_does_not()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PutAsync($"/api/v1/namespaces/{space}/configmaps/new", JsonNode.Parse("""{"metadata":{"name":"new"}}""")!)).Expect(404);
    }

    [Fact]
    public async Task Whoever_may_not_create_may_not_do_so_by_putting()
    {
        var space = await host.SpaceAsync();
        const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
        (await host.Admin.PostAsync($"{Rbac}/namespaces/{space}/roles", """{"metadata":{"name":"put"},"rules":[{"apiGroups":[""],"resources":["services"],"verbs":["update"]}]}""")).Expect(201);
        (await host.Admin.PostAsync($"{Rbac}/namespaces/{space}/rolebindings", """{"metadata":{"name":"put"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"put"},"subjects":[{"kind":"User","name":"putter"}]}""")).Expect(201);
        var service = JsonNode.Parse("""{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""")!;
        var putter = host.ClientOf("putter");
        await host.Admin.EventuallyAsync($"{Rbac}/namespaces/{space}/rolebindings/put", reply => reply.Code == 200);
        (await putter.PutAsync($"/api/v1/namespaces/{space}/services/s", service)).Expect(403);
        (await host.Admin.PutAsync($"/api/v1/namespaces/{space}/services/s", service)).Expect(201);
        (await putter.PutAsync($"/api/v1/namespaces/{space}/services/s", (await host.Admin.GetAsync($"/api/v1/namespaces/{space}/services/s")).Body)).Expect(200);
    }
}
