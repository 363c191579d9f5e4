namespace Flotilla.Server.Tests.Harness;

public sealed class ApiHostTests(ApiHost host)
{
    [Fact]
    public async Task Serves_an_administrator_and_makes_what_every_namespace_has()
    {
        var space = await host.SpaceAsync();
        var account = await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}/serviceaccounts/default", reply => reply.Code == 200);
        Assert.Equal("default", (string?)account["metadata.name"]);
        await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}/configmaps/kube-root-ca.crt", reply => reply.Code == 200);
    }
}
