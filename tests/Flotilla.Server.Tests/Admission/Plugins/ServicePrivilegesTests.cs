using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Plugins;

public sealed class ServicePrivilegesTests(ApiHost host)
{
    [Fact]
    public async Task Names_and_node_ports_beyond_the_range_are_given_by_administrators()
    {
        var space = await host.SpaceAsync();
        var path = $"/api/v1/namespaces/{space}/services";
        (await host.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/rolebindings", """{"metadata":{"name":"edit"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"},"subjects":[{"kind":"User","name":"publisher"}]}""")).Expect(201);
        var user = host.ClientOf("publisher");
        const string own = """{"metadata":{"name":"s","annotations":{"flotilla.dev/any-node-port":"true"}},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":20022}]}}""";
        Assert.Equal(
            "services \"s\" is forbidden: the annotation flotilla.dev/any-node-port is for members of system:masters",
            (await user.PostAsync(path, own)).Expect(403).Message);
        Assert.Equal(
            "services \"n\" is forbidden: the annotation flotilla.dev/dns-names is for members of system:masters",
            (await user.PostAsync(path, """{"metadata":{"name":"n","annotations":{"flotilla.dev/dns-names":"web.net.swarm"}},"spec":{"ports":[{"port":80}]}}""")).Expect(403).Message);

        (await host.Admin.PostAsync(path, own)).Expect(201);
        (await user.PatchAsync($"{path}/s", """{"metadata":{"labels":{"a":"b"}}}""")).Expect(200);
        Assert.Equal(
            "services \"s\" is forbidden: node ports of a service with the annotation flotilla.dev/any-node-port are for members of system:masters",
            (await user.PatchAsync($"{path}/s", """{"spec":{"ports":[{"port":80,"nodePort":20023}]}}""")).Expect(403).Message);
    }
}
