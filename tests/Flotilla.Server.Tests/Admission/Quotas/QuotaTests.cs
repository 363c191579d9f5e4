using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Quotas;

public sealed class QuotaTests(ApiHost host)
{
    [Fact]
    public async Task Refuses_in_upstreams_words()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"pods":"2","limits.cpu":"1"}}""");
        const string half = """{"limits":{"cpu":"500m"}}""";
        (await scene.CreatePodAsync("a", half)).Expect(201);
        (await scene.CreatePodAsync("b", half)).Expect(201);
        Assert.Equal(
            "pods \"c\" is forbidden: exceeded quota: q, requested: limits.cpu=500m,pods=1, used: limits.cpu=1,pods=2, limited: limits.cpu=1,pods=2",
            (await scene.CreatePodAsync("c", half)).Expect(403).Message);
        Assert.Equal("pods \"c\" is forbidden: failed quota: q: must specify limits.cpu for: c", (await scene.CreatePodAsync("c")).Expect(403).Message);
    }

    [Fact]
    public async Task Lets_no_more_through_however_many_come_at_once()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("first", """{"hard":{"pods":"5"}}""");
        await scene.AddAsync("second", """{"hard":{"count/pods":"7"}}""");
        var replies = await Task.WhenAll(Enumerable.Range(0, 25).Select(i => scene.CreatePodAsync($"p{i}")));
        Assert.Equal(5, replies.Count(reply => reply.Code == 201));
        Assert.All(replies, reply => Assert.True(reply.Code is 201 or 403, reply.ToString()));
    }

    [Fact]
    public async Task A_dry_run_is_checked_but_costs_nothing()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"secrets":"1"}}""");
        (await scene.Api.PostAsync($"{scene.Path}/secrets?dryRun=All", """{"metadata":{"name":"a"}}""")).Expect(201);
        await scene.UsesAsync("q", "secrets=0");
        (await scene.Api.PostAsync($"{scene.Path}/secrets", """{"metadata":{"name":"a"}}""")).Expect(201);
        Assert.Equal("secrets \"b\" is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=1, limited: secrets=1", (await scene.Api.PostAsync($"{scene.Path}/secrets?dryRun=All", """{"metadata":{"name":"b"}}""")).Expect(403).Message);
    }

    [Fact]
    public async Task Charges_a_service_that_changes_its_type()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"services.nodeports":"1"}}""");
        (await scene.Api.PostAsync($"{scene.Path}/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"name":"a","port":1},{"name":"b","port":2}]}}""")).Expect(201);
        Assert.Equal(
            "services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1",
            (await scene.Api.PatchAsync($"{scene.Path}/services/s", """{"spec":{"type":"NodePort"}}""")).Expect(403).Message);
    }

    [Fact]
    public async Task Counts_storage_by_class()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"gold.storageclass.storage.k8s.io/requests.storage":"5Gi","requests.storage":"10Gi","persistentvolumeclaims":"9"}}""");
        Task<Reply> ClaimAsync(string name, string storageClass, string size) => scene.Api.PostAsync(
            $"{scene.Path}/persistentvolumeclaims",
            $$"""{"metadata":{"name":"{{name}}"},"spec":{"storageClassName":"{{storageClass}}","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{size}}"} } } }""");
        (await ClaimAsync("a", "gold", "4Gi")).Expect(201);
        Assert.Contains("requested: gold.storageclass.storage.k8s.io/requests.storage=2Gi, used: gold.storageclass.storage.k8s.io/requests.storage=4Gi", (await ClaimAsync("b", "gold", "2Gi")).Expect(403).Message, StringComparison.Ordinal);
        (await ClaimAsync("b", "silver", "2Gi")).Expect(201);
        await scene.UsesAsync("q", "requests.storage=6Gi,persistentvolumeclaims=2");
    }

    [Fact]
    public async Task Counts_devices_by_class_and_of_alternatives_the_worst()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"gpu.deviceclass.resource.k8s.io/devices":"40","requests.deviceclass.resource.kubernetes.io/gpu":"5","count/resourceclaims.resource.k8s.io":"9"}}""");
        Task<Reply> ClaimAsync(string name, string requests, string metadata = "") => scene.Api.PostAsync(
            scene.Path.Replace("/api/v1", "/apis/resource.k8s.io/v1", StringComparison.Ordinal) + "/resourceclaims",
            $$"""{"metadata":{ {{metadata}} "name":"{{name}}"},"spec":{"devices":{"requests":[{{requests}}]} } }""");
        (await ClaimAsync("a", """{"name":"r","firstAvailable":[{"name":"x","deviceClassName":"gpu","count":2},{"name":"y","deviceClassName":"gpu","count":3},{"name":"z","deviceClassName":"cpu","count":9}]}""")).Expect(201);
        await scene.UsesAsync("q", "gpu.deviceclass.resource.k8s.io/devices=3,requests.deviceclass.resource.kubernetes.io/gpu=3,count/resourceclaims.resource.k8s.io=1");
        Assert.Contains(
            "exceeded quota: q, requested: requests.deviceclass.resource.kubernetes.io/gpu=3, used: requests.deviceclass.resource.kubernetes.io/gpu=3, limited: requests.deviceclass.resource.kubernetes.io/gpu=5",
            (await ClaimAsync("b", """{"name":"r","exactly":{"deviceClassName":"gpu","count":3}}""")).Expect(403).Message, StringComparison.Ordinal);
        Assert.Contains(
            "exceeded quota: q, requested: requests.deviceclass.resource.kubernetes.io/gpu=3, used: requests.deviceclass.resource.kubernetes.io/gpu=3",
            (await scene.CreatePodAsync("p", """{"requests":{"deviceclass.resource.kubernetes.io/gpu":"3"},"limits":{"deviceclass.resource.kubernetes.io/gpu":"3"}}""")).Expect(403).Message, StringComparison.Ordinal);

        // Whatever there is of a class may be 32 devices; the claim of a pod is charged as devices alone.
        (await ClaimAsync("all", """{"name":"r","exactly":{"deviceClassName":"gpu","allocationMode":"All"}}""", "\"annotations\":{\"resource.kubernetes.io/extended-resource-claim\":\"true\"},")).Expect(201);
        await scene.UsesAsync("q", "gpu.deviceclass.resource.k8s.io/devices=35,requests.deviceclass.resource.kubernetes.io/gpu=3,count/resourceclaims.resource.k8s.io=2");
    }

    [Fact]
    public async Task Claims_and_pods_share_the_extended_resource_that_a_class_names()
    {
        var scene = await QuotaScene.CreateAsync(host);
        (await scene.Api.PostAsync("/apis/resource.k8s.io/v1/deviceclasses", """{"metadata":{"name":"quota-fast"},"spec":{"extendedResourceName":"quota.example.com/fast"}}""")).Expect(201);
        await scene.AddAsync("q", """{"hard":{"requests.quota.example.com/fast":"3"}}""");
        Task<Reply> ClaimAsync(string name, int count) => scene.Api.PostAsync(
            scene.Path.Replace("/api/v1", "/apis/resource.k8s.io/v1", StringComparison.Ordinal) + "/resourceclaims",
            $$"""{"metadata":{"name":"{{name}}"},"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"quota-fast","count":{{count}}} }]} } }""");
        (await ClaimAsync("a", 2)).Expect(201);
        await scene.UsesAsync("q", "requests.quota.example.com/fast=2");
        const string exceeded = "exceeded quota: q, requested: requests.quota.example.com/fast=2, used: requests.quota.example.com/fast=2, limited: requests.quota.example.com/fast=3";
        Assert.Contains(exceeded, (await ClaimAsync("b", 2)).Expect(403).Message, StringComparison.Ordinal);
        Assert.Contains(exceeded, (await scene.CreatePodAsync("p", """{"requests":{"quota.example.com/fast":"2"},"limits":{"quota.example.com/fast":"2"}}""")).Expect(403).Message, StringComparison.Ordinal);

        // The class is called otherwise: what was counted is given back.
        (await scene.Api.PatchAsync("/apis/resource.k8s.io/v1/deviceclasses/quota-fast", """{"spec":{"extendedResourceName":null}}""")).Expect(200);
        await scene.UsesAsync("q", "requests.quota.example.com/fast=0");
    }

    [Fact]
    public async Task A_scope_selects_pods_by_priority_class()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["system-cluster-critical"]}]}}""");
        const string critical = "\"priorityClassName\":\"system-cluster-critical\",";
        (await scene.CreatePodAsync("plain")).Expect(201);
        (await scene.CreatePodAsync("a", more: critical)).Expect(201);
        (await scene.CreatePodAsync("b", more: critical)).Expect(403);
        await scene.UsesAsync("q", "pods=1");
    }

    [Fact]
    public async Task Gives_back_what_a_finished_pod_held()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"pods":"1","count/pods":"5"}}""");
        (await scene.CreatePodAsync("a")).Expect(201);
        await scene.UsesAsync("q", "pods=1,count/pods=1");
        (await scene.Api.PatchAsync($"{scene.Path}/pods/a/status", """{"status":{"phase":"Succeeded"}}""")).Expect(200);
        await scene.UsesAsync("q", "pods=0,count/pods=1");
    }
}
