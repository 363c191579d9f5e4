using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Http;

public sealed class ServiceStatusTests(ApiHost host)
{
    [Fact]
    public async Task An_address_of_a_balancer_is_kept_with_its_mode()
    {
        var services = $"/api/v1/namespaces/{await host.SpaceAsync()}/services";
        (await host.Admin.PostAsync(services, """{"metadata":{"name":"a"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}""")).Expect(201);
        var known = (await host.Admin.PatchAsync($"{services}/a/status", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""")).Expect(200);
        Assert.Equal("VIP", (string?)known["status.loadBalancer.ingress.0.ipMode"]);
        (await host.Admin.PostAsync(services, """{"metadata":{"name":"b"},"spec":{"ports":[{"port":80}]}}""")).Expect(201);
        Assert.Equal(
            "Service \"b\" is invalid: status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is \"LoadBalancer\"",
            (await host.Admin.PatchAsync($"{services}/b/status", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""")).Expect(422).Message);
    }
}
