using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Storage;

public sealed class ProtectionTests(ApiHost host)
{
    [Fact]
    public async Task A_claim_stays_until_its_last_pod_is_gone()
    {
        var (space, node) = (await host.SpaceAsync(), await host.FakeNodeAsync());
        var api = $"/api/v1/namespaces/{space}";
        (await host.Admin.PostAsync($"{api}/persistentvolumeclaims", """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"none","resources":{"requests":{"storage":"1Gi"}}}}""")).Expect(201);
        await host.Admin.EventuallyAsync($"{api}/serviceaccounts/default", reply => reply.Code == 200);
        var pod = $$"""{"metadata":{"name":"p"},"spec":{"nodeName":"{{node}}","containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"} }]} }""";
        (await host.Admin.PostAsync($"{api}/pods", pod)).Expect(201);
        (await host.Admin.DeleteAsync($"{api}/persistentvolumeclaims/c")).Expect(200);
        Assert.Equal("kubernetes.io/pvc-protection", (string?)(await host.Admin.GetAsync($"{api}/persistentvolumeclaims/c")).Expect(200)["metadata.finalizers.0"]);
        (await host.Admin.DeleteAsync($"{api}/pods/p?gracePeriodSeconds=0")).Expect(200);
        await host.Admin.EventuallyAsync($"{api}/persistentvolumeclaims/c", reply => reply.Code == 404);
    }

    [Fact]
    public async Task A_volume_stays_while_it_is_bound()
    {
        const string At = "/api/v1/persistentvolumes/protected";
        var claims = $"/api/v1/namespaces/{await host.SpaceAsync()}/persistentvolumeclaims";
        (await host.Admin.PostAsync(claims, """{"metadata":{"name":"c"},"spec":{"volumeName":"protected","accessModes":["ReadWriteOnce"],"storageClassName":"none","resources":{"requests":{"storage":"1Gi"}}}}""")).Expect(201);
        (await host.Admin.PostAsync("/api/v1/persistentvolumes", """{"metadata":{"name":"protected"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"none","hostPath":{"path":"/data"}}}""")).Expect(201);
        await host.Admin.EventuallyAsync(At, reply => (string?)reply["status.phase"] == "Bound");
        (await host.Admin.DeleteAsync(At)).Expect(200);
        (await host.Admin.GetAsync(At)).Expect(200);
        (await host.Admin.DeleteAsync($"{claims}/c")).Expect(200);
        await host.Admin.EventuallyAsync(At, reply => reply.Code == 404);
    }
}
