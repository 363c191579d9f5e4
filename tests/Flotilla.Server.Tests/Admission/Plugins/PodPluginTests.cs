using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Plugins;

public sealed class PodPluginTests(ApiHost host)
{
    private const string Container = "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]";

    [Fact]
    public async Task A_terminating_namespace_takes_nothing_new()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"held","finalizers":["example.com/hold"]}}""")).Expect(201);
        (await host.Admin.DeleteAsync($"/api/v1/namespaces/{space}")).Expect(200);
        var reply = (await CreateAsync(space, Container)).Expect(403);
        Assert.Equal($"pods \"p\" is forbidden: unable to create new content in namespace {space} because it is being terminated", reply.Message);
        Assert.Equal($$"""[{"reason":"NamespaceTerminating","message":"namespace {{space}} is being terminated","field":"metadata.namespace"}]""", reply["details.causes"]!.ToJsonString());
        (await host.Admin.PatchAsync($"/api/v1/namespaces/{space}/configmaps/held", """{"metadata":{"finalizers":null}}""")).Expect(200);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("kube-system")]
    [InlineData("kube-public")]
    public async Task The_first_namespaces_stay(string name) =>
        Assert.Equal($"namespaces \"{name}\" is forbidden: this namespace may not be deleted", (await host.Admin.DeleteAsync($"/api/v1/namespaces/{name}")).Expect(403).Message);

    [Fact]
    public async Task A_missing_account_is_told_by_the_prefix_of_a_name_yet_to_be_made()
    {
        var space = await host.SpaceAsync();
        var reply = await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"generateName":"p-"},"spec":{"serviceAccountName":"x",{{Container}} } }""");
        Assert.Equal($"pods \"p-\" is forbidden: error looking up service account {space}/x: serviceaccount \"x\" not found", reply.Expect(403).Message);
    }

    [Fact]
    public async Task An_account_may_insist_on_its_own_secrets()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts", """{"metadata":{"name":"strict","annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}},"secrets":[{"name":"own"}]}""")).Expect(201);
        var wrong = await CreateAsync(space, $$"""{{Container}},"serviceAccountName":"strict","volumes":[{"name":"v","secret":{"secretName":"other"} }]""");
        Assert.Equal("pods \"p\" is forbidden: volume with secret.secretName=\"other\" is not allowed because service account strict does not reference that secret", wrong.Expect(403).Message);
        (await CreateAsync(space, $$"""{{Container}},"serviceAccountName":"strict","volumes":[{"name":"v","secret":{"secretName":"own"} }]""")).Expect(201);
    }

    [Fact]
    public async Task A_new_node_carries_one_taint()
    {
        var taints = (await host.Admin.PostAsync("/api/v1/nodes", """{"metadata":{"name":"tainted-new"}}""")).Expect(201)["spec.taints"]!.AsArray();
        Assert.Single(taints, taint => (string?)taint!["key"] == "node.kubernetes.io/not-ready" && (string?)taint["effect"] == "NoSchedule");
    }

    [Fact]
    public async Task A_bound_pod_takes_over_where_its_node_stands()
    {
        var (space, node) = (await host.SpaceAsync(), await host.FakeNodeAsync());
        (await host.Admin.PatchAsync($"/api/v1/nodes/{node}", """{"metadata":{"labels":{"topology.kubernetes.io/zone":"a","topology.kubernetes.io/region":"r"}}}""")).Expect(200);
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"p","labels":{"topology.kubernetes.io/region":"own"} },"spec":{"nodeSelector":{"none":"such"},{{Container}} } }""")).Expect(201);
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods/p/binding", $$"""{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p","annotations":{"a":"b"} },"target":{"kind":"Node","name":"{{node}}"} }""")).Expect(201);
        var pod = await host.Admin.GetAsync($"/api/v1/namespaces/{space}/pods/p");
        Assert.Equal(("a", "own", "b"), ((string?)pod["metadata.labels"]!["topology.kubernetes.io/zone"], (string?)pod["metadata.labels"]!["topology.kubernetes.io/region"], (string?)pod["metadata.annotations.a"]));
    }

    [Fact]
    public async Task A_priority_must_be_that_of_the_class()
    {
        var space = await host.SpaceAsync();
        Assert.Equal("pods \"p\" is forbidden: no PriorityClass with name nope was found", (await CreateAsync(space, Container + ",\"priorityClassName\":\"nope\"")).Expect(403).Message);
        Assert.Equal(
            "pods \"p\" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name",
            (await CreateAsync(space, Container + ",\"priority\":7")).Expect(403).Message);
        var pod = (await CreateAsync(space, Container + ",\"priorityClassName\":\"system-node-critical\"")).Expect(201);
        Assert.Equal((2000001000, "PreemptLowerPriority"), ((int?)pod["spec.priority"], (string?)pod["spec.preemptionPolicy"]));
    }

    [Fact]
    public async Task Only_bound_claims_grow()
    {
        var space = await host.SpaceAsync();
        var claims = $"/api/v1/namespaces/{space}/persistentvolumeclaims";
        (await host.Admin.PostAsync(claims, """{"metadata":{"name":"a"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"none","resources":{"requests":{"storage":"1Gi"}}}}""")).Expect(201);
        (await host.Admin.PostAsync("/api/v1/persistentvolumes", $$"""{"metadata":{"name":"{{space}}"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"none","capacity":{"storage":"1Gi"},"hostPath":{"path":"/nowhere"},"claimRef":{"namespace":"{{space}}","name":"a"} } }""")).Expect(201);
        await host.Admin.EventuallyAsync($"{claims}/a", reply => (string?)reply["status.phase"] == "Bound");
        Assert.Equal(
            "persistentvolumeclaims \"a\" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
            (await host.Admin.PatchAsync($"{claims}/a", """{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""")).Expect(403).Message);
    }

    [Fact]
    public async Task A_node_writes_only_what_is_its_own()
    {
        var (space, node) = (await host.SpaceAsync(), await host.FakeNodeAsync());
        var agent = host.ClientOf($"system:node:{node}", "system:nodes", "system:masters");
        Assert.Equal(
            $"pods \"p\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"{node}\" can only create mirror pods",
            (await agent.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"p"},"spec":{ {{Container}} } }""")).Expect(403).Message);
        Assert.Equal(
            $"pods \"p\" is forbidden: node \"{node}\" can not create pods in networks of the swarm",
            (await agent.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"p","labels":{"network.swarm.flotilla.dev/a":""},"annotations":{"kubernetes.io/config.mirror":"x"} },"spec":{"nodeName":"{{node}}",{{Container}} } }""")).Expect(403).Message);
        var other = await host.FakeNodeAsync();
        Assert.Equal($"nodes \"{other}\" is forbidden: node \"{node}\" is not allowed to modify node \"{other}\"", (await agent.PatchAsync($"/api/v1/nodes/{other}", """{"metadata":{"labels":{"a":"b"}}}""")).Expect(403).Message);
        (await agent.PatchAsync($"/api/v1/nodes/{node}", """{"metadata":{"labels":{"a":"b"}}}""")).Expect(200);
        Assert.Equal($"nodes \"{node}\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/x", (await agent.PatchAsync($"/api/v1/nodes/{node}", """{"metadata":{"labels":{"node-role.kubernetes.io/x":""}}}""")).Expect(403).Message);
    }

    private Task<Reply> CreateAsync(string space, string spec) => host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"p"},"spec":{ {{spec}} } }""");
}
