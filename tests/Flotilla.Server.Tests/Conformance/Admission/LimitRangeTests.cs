using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class LimitRangeTests(ApiHost host)
{
    private const string Limits = """
        [{"type":"Container","min":{"cpu":"50m","memory":"100Mi","ephemeral-storage":"100Gi"},"max":{"cpu":"500m","memory":"500Mi","ephemeral-storage":"500Gi"},
          "default":{"cpu":"500m","memory":"500Mi","ephemeral-storage":"500Gi"},"defaultRequest":{"cpu":"100m","memory":"200Mi","ephemeral-storage":"200Gi"}}]
        """;

    [Fact]
    public async Task Applies_its_defaults_to_pods_and_follows_its_update()
    {
        var space = await host.SpaceAsync("limitrange");
        var at = $"/api/v1/namespaces/{space}/limitranges";
        var made = (await host.Admin.PostAsync(at, $$"""{"metadata":{"name":"l"},"spec":{"limits":{{Limits}} } }""")).Expect(201);
        var bare = (await CreateAsync(space, "bare", "{}")).Expect(201);
        Assert.Equal("""{"cpu":"500m","ephemeral-storage":"500Gi","memory":"500Mi"}""", Sorted(bare, "limits"));
        Assert.Equal("""{"cpu":"100m","ephemeral-storage":"200Gi","memory":"200Mi"}""", Sorted(bare, "requests"));
        var partial = (await CreateAsync(space, "partial", """{"limits":{"cpu":"300m"},"requests":{"memory":"150Mi"}}""")).Expect(201);
        Assert.Equal("""{"cpu":"300m","ephemeral-storage":"200Gi","memory":"150Mi"}""", Sorted(partial, "requests"));

        (await CreateAsync(space, "small", """{"requests":{"cpu":"10m"}}""")).Expect(403);
        (await CreateAsync(space, "big", """{"limits":{"cpu":"600m"}}""")).Expect(403);
        made.Body["spec"]!["limits"]![0]!["min"]!["cpu"] = "9m";
        made.Body["spec"]!["limits"]![0]!["max"]!["cpu"] = "1";
        (await host.Admin.PatchAsync($"{at}/l", """[{"op":"replace","path":"/spec/limits/0/min/cpu","value":"9m"},{"op":"replace","path":"/spec/limits/0/max/cpu","value":"1"}]""", ApiCaller.JsonPatch)).Expect(200);
        (await CreateAsync(space, "small", """{"requests":{"cpu":"10m"}}""")).Expect(201);
        (await CreateAsync(space, "big", """{"limits":{"cpu":"600m"}}""")).Expect(201);
        (await host.Admin.DeleteAsync($"{at}/l")).Expect(200);
        (await CreateAsync(space, "free", """{"limits":{"cpu":"60"}}""")).Expect(201);
    }

    [Fact]
    public async Task Lists_patches_and_deletes_by_collection()
    {
        var (first, second) = (await host.SpaceAsync("limitrange"), await host.SpaceAsync("limitrange"));
        foreach (var space in new[] { first, second })
        {
            (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/limitranges", $$"""{"metadata":{"name":"l","labels":{"set":"{{first}}"} },"spec":{"limits":{{Limits}} } }""")).Expect(201);
        }

        Assert.Equal(2, (await host.Admin.GetAsync($"/api/v1/limitranges?labelSelector=set={first}"))["items"]!.AsArray().Count);
        var patched = (await host.Admin.PatchAsync($"/api/v1/namespaces/{first}/limitranges/l", $$"""{"metadata":{"labels":{"l":"patched"} },"spec":{"limits":[{"type":"Container","max":{"cpu":"1"} }]} }""", ApiCaller.StrategicPatch)).Expect(200);
        Assert.Equal("patched", (string?)patched["metadata.labels.l"]);
        (await host.Admin.DeleteAsync($"/api/v1/namespaces/{first}/limitranges?labelSelector=l=patched")).Expect(200);
        Assert.Single((await host.Admin.GetAsync($"/api/v1/limitranges?labelSelector=set={first}"))["items"]!.AsArray());
    }

    private static string Sorted(Reply pod, string field) =>
        "{" + string.Join(",", pod[$"spec.containers.0.resources.{field}"]!.AsObject().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"\"{pair.Key}\":{pair.Value!.ToJsonString()}")) + "}";

    private Task<Reply> CreateAsync(string space, string name, string resources) =>
        host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"{{name}}"},"spec":{"containers":[{"name":"c","image":"i","resources":{{resources}} }]} }""");
}
