using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Bootstrap;

public sealed class ServerPresenceTests
{
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_lease_names_the_server_and_is_renewed_and_those_of_servers_gone_are_taken_away()
    {
        await using var store = new MemoryStore();
        await using var own = await OwnServer.StartAsync(store, time);
        const string Mine = $"{Leases}?labelSelector=apiserver.kubernetes.io/identity%3Dkube-apiserver";
        var lease = (await own.Admin.EventuallyAsync(Mine, reply => reply["items"]!.AsArray().Count == 1))["items.0"]!;
        var name = (string)lease["metadata"]!["name"]!;
        Assert.Matches("^apiserver-[a-z2-7]{26}$", name);
        Assert.StartsWith($"{name}_", (string?)lease["spec"]!["holderIdentity"], StringComparison.Ordinal);
        Assert.Equal(3600, (int)lease["spec"]!["leaseDurationSeconds"]!);
        var renewed = (string?)lease["spec"]!["renewTime"];
        (await own.Admin.PostAsync(Leases, """{"metadata":{"name":"apiserver-gone","labels":{"apiserver.kubernetes.io/identity":"kube-apiserver"}},"spec":{"holderIdentity":"x","leaseDurationSeconds":3600,"renewTime":"2020-01-01T00:00:00.000000Z"}}""")).Expect(201);
        await EventuallyAsync(own, Mine, reply => reply["items"]!.AsArray().Count == 1 && (string?)reply["items.0"]!["spec"]!["renewTime"] != renewed);
    }

    [Fact]
    public async Task The_service_that_leads_to_it_and_its_endpoints_are_made_again()
    {
        await using var store = new MemoryStore();
        await using var own = await OwnServer.StartAsync(store, time);
        const string Service = "/api/v1/namespaces/default/services/kubernetes";
        const string Endpoints = "/api/v1/namespaces/default/endpoints/kubernetes";
        (await own.Admin.DeleteAsync(Service)).Expect(200);
        (await own.Admin.PatchAsync(Endpoints, """{"subsets":[{"addresses":[{"ip":"192.0.2.99"}],"ports":[{"port":1}]}]}""")).Expect(200);
        await EventuallyAsync(own, Service, reply => reply.Code == 200);
        await EventuallyAsync(own, Endpoints, reply => (string?)reply["subsets.0.addresses.0.ip"] == "192.0.2.10" && (string?)reply["subsets.0.ports.0.name"] == "https");
    }

    private async Task EventuallyAsync(OwnServer own, string path, Func<Reply, bool> wanted)
    {
        for (var i = 0; i < 200 && !wanted(await own.Admin.GetAsync(path)); i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.True(wanted(await own.Admin.GetAsync(path)));
    }
}
