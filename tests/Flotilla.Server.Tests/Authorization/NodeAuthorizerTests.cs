using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Authorization;

public sealed class NodeAuthorizerTests(ApiHost host)
{
    [Fact]
    public async Task A_node_reads_what_its_pods_need_and_nothing_else()
    {
        var space = await host.SpaceAsync();
        var api = $"/api/v1/namespaces/{space}";
        foreach (var name in (string[])["mounted", "read", "pulled", "projected", "strange"])
        {
            (await host.Admin.PostAsync($"{api}/secrets", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Expect(201);
        }

        (await host.Admin.PostAsync($"{api}/configmaps", """{"metadata":{"name":"settings"}}""")).Expect(201);
        await host.Admin.EventuallyAsync($"{api}/serviceaccounts/default", reply => reply.Code == 200);
        var pod = """
            {"metadata":{"name":"p"},"spec":{"nodeName":"na-1","imagePullSecrets":[{"name":"pulled"}],
              "containers":[{"name":"c","image":"i","env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"read","key":"k"}}}],"envFrom":[{"configMapRef":{"name":"settings"}}]}],
              "volumes":[{"name":"v","secret":{"secretName":"mounted"}},{"name":"w","projected":{"sources":[{"secret":{"name":"projected"}}]}}]}}
            """;
        var uid = (string?)(await host.Admin.PostAsync($"{api}/pods", pod)).Expect(201)["metadata.uid"];
        var (own, other) = (Node("na-1"), Node("na-2"));
        foreach (var path in (string[])["secrets/mounted", "secrets/read", "secrets/pulled", "secrets/projected", "configmaps/settings", "configmaps/kube-root-ca.crt", "pods/p"])
        {
            (await own.GetAsync($"{api}/{path}")).Expect(200);
            Assert.EndsWith(": no relationship found between node 'na-2' and this object", (await other.GetAsync($"{api}/{path}")).Expect(403).Message, StringComparison.Ordinal);
        }

        (await own.GetAsync($"{api}/secrets/strange")).Expect(403);
        Assert.EndsWith(": No Object name found", (await own.GetAsync($"{api}/secrets")).Expect(403).Message, StringComparison.Ordinal);
        (await own.GetAsync($"{api}/secrets?fieldSelector=metadata.name=mounted")).Expect(200);
        (await own.PostAsync($"{api}/serviceaccounts/default/token", $$"""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"{{uid}}"} } }""")).Expect(201);
        (await other.PostAsync($"{api}/serviceaccounts/default/token", "{}")).Expect(403);

        (await host.Admin.DeleteAsync($"{api}/pods/p?gracePeriodSeconds=0")).Expect(200);
        await own.EventuallyAsync($"{api}/secrets/mounted", reply => reply.Code == 403);
    }

    [Fact]
    public async Task A_node_reaches_a_volume_through_the_claim_of_its_pod()
    {
        var space = await host.SpaceAsync();
        var api = $"/api/v1/namespaces/{space}";
        var volume = $$$"""{"metadata":{"name":"pv-{{{space}}}"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/data"},"claimRef":{"namespace":"{{{space}}}","name":"claim"} } }""";
        (await host.Admin.PostAsync("/api/v1/persistentvolumes", volume)).Expect(201);
        (await host.Admin.PostAsync($"{api}/persistentvolumeclaims", $$$"""{"metadata":{"name":"claim"},"spec":{"volumeName":"pv-{{{space}}}","storageClassName":"","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }""")).Expect(201);
        await host.Admin.EventuallyAsync($"{api}/serviceaccounts/default", reply => reply.Code == 200);
        (await host.Admin.PostAsync($"{api}/pods", """{"metadata":{"name":"p"},"spec":{"nodeName":"nb-1","containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"claim"}}]}}""")).Expect(201);
        (await Node("nb-1").GetAsync($"/api/v1/persistentvolumes/pv-{space}")).Expect(200);
        (await Node("nb-1").GetAsync($"{api}/persistentvolumeclaims/claim")).Expect(200);
        (await Node("nb-2").GetAsync($"/api/v1/persistentvolumes/pv-{space}")).Expect(403);
    }

    [Fact]
    public async Task Every_node_reads_the_secrets_by_which_it_serves_an_Ingress()
    {
        var space = await host.SpaceAsync();
        var secrets = $"/api/v1/namespaces/{space}/secrets";
        var ingresses = $"/apis/networking.k8s.io/v1/namespaces/{space}/ingresses";
        foreach (var name in (string[])["certificate", "passwords", "other"])
        {
            (await host.Admin.PostAsync(secrets, $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Expect(201);
        }

        (await Node("nd-1").GetAsync($"{secrets}/certificate")).Expect(403);
        (await host.Admin.PostAsync(ingresses, """
            {"metadata":{"name":"site","annotations":{"nginx.ingress.kubernetes.io/auth-secret":"passwords"}},"spec":{"defaultBackend":{"service":{"name":"web","port":{"number":80}}},"tls":[{"secretName":"certificate"}]}}
            """)).Expect(201);
        (await Node("nd-1").GetAsync($"{secrets}?fieldSelector=metadata.name=certificate")).Expect(200);
        (await Node("nd-2").GetAsync($"{secrets}/passwords")).Expect(200);
        (await Node("nd-1").GetAsync($"{secrets}/other")).Expect(403);
        (await host.Admin.DeleteAsync($"{ingresses}/site")).Expect(200);
        await Node("nd-1").EventuallyAsync($"{secrets}/certificate", reply => reply.Code == 403);
    }

    [Fact]
    public async Task A_node_works_on_itself_only()
    {
        var node = Node("nc-1");
        (await node.PostAsync("/api/v1/nodes", """{"metadata":{"name":"nc-1"}}""")).Expect(201);
        (await node.GetAsync("/api/v1/nodes/nc-1")).Expect(200);
        Assert.EndsWith(": node 'nc-1' cannot read 'nc-2', only its own Node object", (await node.GetAsync("/api/v1/nodes/nc-2")).Expect(403).Message, StringComparison.Ordinal);
        Assert.EndsWith(": node 'nc-1' cannot read all nodes, only its own Node object", (await node.GetAsync("/api/v1/nodes")).Expect(403).Message, StringComparison.Ordinal);
        (await node.GetAsync("/api/v1/pods?fieldSelector=spec.nodeName=nc-1")).Expect(200);
        Assert.EndsWith(": can only list/watch pods with spec.nodeName field selector", (await node.GetAsync("/api/v1/pods")).Expect(403).Message, StringComparison.Ordinal);
        (await node.GetAsync("/api/v1/services")).Expect(200);
        (await node.PostAsync("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", """{"metadata":{"name":"nc-1"}}""")).Expect(201);
        (await node.GetAsync("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/nc-1")).Expect(200);
        Assert.EndsWith(": can only access node lease with the same name as the requesting node", (await node.GetAsync("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/nc-2")).Expect(403).Message, StringComparison.Ordinal);
        Assert.EndsWith(": can only access leases in the \"kube-node-lease\" system namespace", (await node.GetAsync("/apis/coordination.k8s.io/v1/namespaces/default/leases/nc-1")).Expect(403).Message, StringComparison.Ordinal);
        (await node.DeleteAsync("/api/v1/nodes/nc-1")).Expect(403);
    }

    private ApiCaller Node(string name) => host.ClientOf($"system:node:{name}", "system:nodes");
}
