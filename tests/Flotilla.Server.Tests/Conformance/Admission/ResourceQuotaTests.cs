using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Quotas;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class ResourceQuotaTests(ApiHost host)
{
    private const string Compute = """{"requests":{"cpu":"500m","memory":"200Mi"},"limits":{"cpu":"1","memory":"400Mi"}}""";

    [Fact]
    public async Task Calculates_the_status_promptly()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"pods":"5","services":"10","services.nodeports":"1","services.loadbalancers":"1","secrets":"10","configmaps":"10","replicationcontrollers":"10","resourcequotas":"1","count/replicasets.apps":"5","requests.cpu":"1"}}""");
        await scene.UsesAsync("q", "resourcequotas=1,pods=0,services=0,configmaps=1,count/replicasets.apps=0,requests.cpu=0");
    }

    [Theory]
    [InlineData("configmaps", "configmaps", """{"metadata":{"name":"x"}}""", "configmaps=2", "configmaps=1")]
    [InlineData("secrets", "secrets", """{"metadata":{"name":"x"}}""", "secrets=1", "secrets=0")]
    [InlineData("replicationcontrollers", "replicationcontrollers", """{"metadata":{"name":"x"},"spec":{"replicas":0,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", "replicationcontrollers=1", "replicationcontrollers=0")]
    [InlineData("replicasets", "count/replicasets.apps", """{"metadata":{"name":"x"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", "count/replicasets.apps=1", "count/replicasets.apps=0")]
    public async Task Captures_the_life_of_an_object(string plural, string name, string body, string during, string after)
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", $$"""{"hard":{"{{name}}":"5"} }""");
        var path = plural == "replicasets" ? scene.Path.Replace("/api/v1", "/apis/apps/v1", StringComparison.Ordinal) + "/replicasets" : $"{scene.Path}/{plural}";
        (await scene.Api.PostAsync(path, body)).Expect(201);
        await scene.UsesAsync("q", during);
        (await scene.Api.DeleteAsync($"{path}/x")).Expect(200);
        await scene.UsesAsync("q", after);
    }

    [Fact]
    public async Task Captures_the_life_of_a_service()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"services":"2","services.nodeports":"1","services.loadbalancers":"1"}}""");
        Task<Reply> ServiceAsync(string name, string type) => scene.Api.PostAsync($"{scene.Path}/services", $$"""{"metadata":{"name":"{{name}}"},"spec":{"type":"{{type}}","ports":[{"port":80}]} }""");
        (await ServiceAsync("plain", "ClusterIP")).Expect(201);
        (await ServiceAsync("open", "NodePort")).Expect(201);
        await scene.UsesAsync("q", "services=2,services.nodeports=1,services.loadbalancers=0");
        (await ServiceAsync("more", "LoadBalancer")).Expect(403);
        (await scene.Api.DeleteAsync($"{scene.Path}/services/plain")).Expect(200);
        (await scene.Api.DeleteAsync($"{scene.Path}/services/open")).Expect(200);
        await scene.UsesAsync("q", "services=0,services.nodeports=0,services.loadbalancers=0");
    }

    [Fact]
    public async Task Captures_the_life_of_a_pod()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"pods":"5","cpu":"1","memory":"500Mi","requests.ephemeral-storage":"500Gi","requests.example.com/dongle":"3"}}""");
        var first = """{"requests":{"cpu":"500m","memory":"252Mi","ephemeral-storage":"30Gi","example.com/dongle":"2"},"limits":{"example.com/dongle":"2"}}""";
        (await scene.CreatePodAsync("p", first)).Expect(201);
        await scene.UsesAsync("q", "pods=1,cpu=500m,memory=252Mi,requests.ephemeral-storage=30Gi,requests.example.com/dongle=2");
        (await scene.CreatePodAsync("more-cpu", """{"requests":{"cpu":"600m","memory":"100Mi"}}""")).Expect(403);
        (await scene.CreatePodAsync("more-dongles", """{"requests":{"cpu":"1m","memory":"1Mi","example.com/dongle":"2"},"limits":{"example.com/dongle":"2"}}""")).Expect(403);
        (await scene.Api.PatchAsync($"{scene.Path}/pods/p", """[{"op":"replace","path":"/spec/containers/0/resources/requests/cpu","value":"100m"}]""", ApiCaller.JsonPatch)).Expect(422);
        await scene.UsesAsync("q", "cpu=500m");
        (await scene.Api.DeleteAsync($"{scene.Path}/pods/p")).Expect(200);
        await scene.UsesAsync("q", "pods=0,cpu=0,memory=0,requests.ephemeral-storage=0,requests.example.com/dongle=0");
    }

    [Fact]
    public async Task Verifies_the_best_effort_scopes()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("best", """{"hard":{"pods":"5"},"scopes":["BestEffort"]}""");
        await scene.AddAsync("other", """{"hard":{"pods":"5"},"scopes":["NotBestEffort"]}""");
        (await scene.CreatePodAsync("b")).Expect(201);
        await scene.UsesAsync("best", "pods=1");
        await scene.UsesAsync("other", "pods=0");
        (await scene.Api.DeleteAsync($"{scene.Path}/pods/b")).Expect(200);
        await scene.UsesAsync("best", "pods=0");
        (await scene.CreatePodAsync("n", Compute)).Expect(201);
        await scene.UsesAsync("other", "pods=1");
        await scene.UsesAsync("best", "pods=0");
        (await scene.Api.DeleteAsync($"{scene.Path}/pods/n")).Expect(200);
        await scene.UsesAsync("other", "pods=0");
    }

    [Fact]
    public async Task Verifies_the_terminating_scopes()
    {
        var scene = await QuotaScene.CreateAsync(host);
        const string hard = """{"pods":"5","requests.cpu":"1","requests.memory":"500Mi","limits.cpu":"2","limits.memory":"1Gi"}""";
        await scene.AddAsync("ends", $$"""{"hard":{{hard}},"scopes":["Terminating"]}""");
        await scene.AddAsync("stays", $$"""{"hard":{{hard}},"scopes":["NotTerminating"]}""");
        (await scene.CreatePodAsync("s", Compute)).Expect(201);
        await scene.UsesAsync("stays", "pods=1,requests.cpu=500m,requests.memory=200Mi,limits.cpu=1,limits.memory=400Mi");
        await scene.UsesAsync("ends", "pods=0,requests.cpu=0");
        (await scene.Api.DeleteAsync($"{scene.Path}/pods/s")).Expect(200);
        await scene.UsesAsync("stays", "pods=0,limits.memory=0");
        (await scene.CreatePodAsync("e", Compute, "\"activeDeadlineSeconds\":3600,")).Expect(201);
        await scene.UsesAsync("ends", "pods=1,limits.cpu=1");
        await scene.UsesAsync("stays", "pods=0");
        (await scene.Api.DeleteAsync($"{scene.Path}/pods/e")).Expect(200);
        await scene.UsesAsync("ends", "pods=0,requests.memory=0");
    }

    [Fact]
    public async Task Is_updated_and_deleted()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"cpu":"1","memory":"500Mi"}}""");
        var quota = (await scene.Api.GetAsync($"{scene.Path}/resourcequotas/q")).Body;
        quota["spec"]!["hard"]!["cpu"] = "2";
        quota["metadata"]!.AsObject().Remove("resourceVersion");
        Assert.Equal("2", (string?)(await scene.Api.PutAsync($"{scene.Path}/resourcequotas/q", quota)).Expect(200)["spec.hard.cpu"]);
        await scene.Api.EventuallyAsync($"{scene.Path}/resourcequotas/q", reply => (string?)reply["status.hard.cpu"] == "2");
        (await scene.Api.DeleteAsync($"{scene.Path}/resourcequotas/q")).Expect(200);
        (await scene.Api.GetAsync($"{scene.Path}/resourcequotas/q")).Expect(404);
    }

    [Fact]
    public async Task Manages_its_lifecycle()
    {
        var scene = await QuotaScene.CreateAsync(host);
        var label = scene.Path.Split('/')[^1];
        (await scene.Api.PostAsync($"{scene.Path}/resourcequotas", $$"""{"metadata":{"name":"q","labels":{"set":"{{label}}"} },"spec":{"hard":{"cpu":"1","memory":"400Mi"} } }""")).Expect(201);
        Assert.Single((await scene.Api.GetAsync($"/api/v1/resourcequotas?labelSelector=set={label}"))["items"]!.AsArray());
        var patched = (await scene.Api.PatchAsync($"{scene.Path}/resourcequotas/q", """{"metadata":{"labels":{"q":"patched"}},"spec":{"hard":{"memory":"750Mi"}}}""", ApiCaller.StrategicPatch)).Expect(200);
        Assert.Equal(("patched", "750Mi"), ((string?)patched["metadata.labels.q"], (string?)patched["spec.hard.memory"]));
        (await scene.Api.DeleteAsync($"{scene.Path}/resourcequotas?labelSelector=q=patched")).Expect(200);
        Assert.Empty((await scene.Api.GetAsync($"{scene.Path}/resourcequotas"))["items"]!.AsArray());
    }

    [Fact]
    public async Task Applies_changes_to_its_status()
    {
        var scene = await QuotaScene.CreateAsync(host);
        await scene.AddAsync("q", """{"hard":{"cpu":"500m","memory":"500Mi"}}""");
        var at = $"{scene.Path}/resourcequotas/q";
        var quota = (await scene.Api.GetAsync(at)).Body;
        quota["status"]!["hard"] = new JsonObject { ["cpu"] = "500m", ["memory"] = "500Mi" };
        quota["metadata"]!.AsObject().Remove("resourceVersion");
        Assert.Equal("500m", (string?)(await scene.Api.PutAsync($"{at}/status", quota)).Expect(200)["status.hard.cpu"]);
        (await scene.Api.PatchAsync(at, """{"spec":{"hard":{"cpu":"1","memory":"1Gi"}}}""")).Expect(200);
        await scene.Api.EventuallyAsync($"{at}/status", reply => (string?)reply["status.hard.memory"] == "1Gi");
        (await scene.Api.PatchAsync($"{at}/status", """{"status":{"hard":{"cpu":"1","memory":"1Gi"}}}""")).Expect(200);
        var repatched = (await scene.Api.PatchAsync($"{at}/status", """{"spec":{"hard":{"cpu":"7"}},"status":{"hard":{"cpu":"2"}}}""")).Expect(200);
        Assert.Equal(("1", "2"), ((string?)repatched["spec.hard.cpu"], (string?)repatched["status.hard.cpu"]));
    }
}
