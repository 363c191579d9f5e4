using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Bootstrap;

public sealed class AccessObjectsTests(ApiHost host)
{
    [Fact]
    public async Task Controllers_have_accounts_and_servers_of_other_groups_know_whom_to_believe()
    {
        var accounts = (JsonArray)(await host.Admin.GetAsync("/api/v1/namespaces/kube-system/serviceaccounts")).Expect(200)["items"]!;
        Assert.Superset(new HashSet<string> { "deployment-controller", "volumeattributesclass-protection-controller", "generic-garbage-collector" }, accounts.Select(item => (string)item!["metadata"]!["name"]!).ToHashSet());
        var map = (await host.Admin.GetAsync("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")).Expect(200)["data"]!;
        Assert.Equal(host.Identity.CaPem, (string?)map["client-ca-file"]);
        Assert.Equal(host.Identity.ProxyCaPem, (string?)map["requestheader-client-ca-file"]);
        Assert.Equal("""["front-proxy-client"]""", (string?)map["requestheader-allowed-names"]);
    }
}
