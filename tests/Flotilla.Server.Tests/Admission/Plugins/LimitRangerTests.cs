using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Plugins;

public sealed class LimitRangerTests(ApiHost host)
{
    [Theory]
    [InlineData("Container", "\"max\":{\"cpu\":\"2\"}", "{\"limits\":{\"cpu\":\"3\"},\"requests\":{\"cpu\":\"1\"}}", "maximum cpu usage per Container is 2, but limit is 3")]
    [InlineData("Container", "\"min\":{\"cpu\":\"100m\"}", "{\"requests\":{\"cpu\":\"50m\"}}", "minimum cpu usage per Container is 100m, but request is 50m")]
    [InlineData("Pod", "\"min\":{\"cpu\":\"100m\"}", "{}", "minimum cpu usage per Pod is 100m.  No request is specified")]
    [InlineData("Pod", "\"max\":{\"memory\":\"1Gi\"}", "{}", "maximum memory usage per Pod is 1Gi.  No limit is specified")]
    [InlineData("Container", "\"maxLimitRequestRatio\":{\"cpu\":\"2\"}", "{\"limits\":{\"cpu\":\"3\"},\"requests\":{\"cpu\":\"1\"}}", "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000")]
    [InlineData("Container", "\"maxLimitRequestRatio\":{\"cpu\":\"2\"}", "{}", "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0")]
    public async Task Refuses_in_upstreams_words(string type, string limit, string resources, string message)
    {
        var space = await LimitedAsync($$"""{"type":"{{type}}",{{limit}} }""");
        Assert.Equal($"pods \"p\" is forbidden: {message}", (await CreateAsync(space, resources)).Expect(403).Message);
    }

    [Fact]
    public async Task Fills_in_defaults_and_says_so()
    {
        var space = await LimitedAsync("""{"type":"Container","default":{"cpu":"500m","memory":"64Mi"},"defaultRequest":{"cpu":"100m"}}""");
        var pod = (await CreateAsync(space, "{}")).Expect(201);
        Assert.Equal("LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c", (string?)pod["metadata.annotations"]!["kubernetes.io/limit-ranger"]);
        Assert.Equal("100m", (string?)pod["spec.containers.0.resources.requests.cpu"]);
        Assert.Equal("Burstable", (string?)pod["status.qosClass"]);
    }

    [Fact]
    public async Task Bounds_the_storage_of_claims()
    {
        var space = await LimitedAsync("""{"type":"PersistentVolumeClaim","max":{"storage":"2Gi"},"min":{"storage":"1Gi"}}""");
        Task<Reply> ClaimAsync(string size) => host.Admin.PostAsync(
            $"/api/v1/namespaces/{space}/persistentvolumeclaims", $$"""{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{size}}"} } } }""");
        Assert.Equal("persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi", (await ClaimAsync("3Gi")).Expect(403).Message);
        Assert.Equal("persistentvolumeclaims \"c\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi", (await ClaimAsync("1Mi")).Expect(403).Message);
        (await ClaimAsync("2Gi")).Expect(201);
    }

    private async Task<string> LimitedAsync(string limit)
    {
        var space = await host.SpaceAsync("limits");
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/limitranges", $$"""{"metadata":{"name":"l"},"spec":{"limits":[{{limit}}]} }""")).Expect(201);
        return space;
    }

    private Task<Reply> CreateAsync(string space, string resources) =>
        host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{{resources}} }]} }""");
}
