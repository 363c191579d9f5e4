using System.Net;
using Flotilla.Server.Bootstrap;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Several;

/// <summary>Two API servers over one etcd: a client need not know which of them it talks to.</summary>
public sealed class TwoServersTests : IAsyncLifetime
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Services = "/api/v1/namespaces/default/services";

    private readonly EtcdProcess etcd = new();
    private readonly List<EtcdStore> stores = [];
    private OwnServer one = null!;
    private OwnServer two = null!;

    public async ValueTask InitializeAsync()
    {
        one = await OwnServer.StartAsync(await OpenAsync());
        two = await OwnServer.StartAsync(await OpenAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await one.DisposeAsync();
        await two.DisposeAsync();
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }

        etcd.Dispose();
    }

    [Fact]
    public async Task What_one_server_acknowledged_the_other_knows_at_once()
    {
        for (var round = 0; round < 40; round++)
        {
            var (here, there) = round % 2 == 0 ? (one.Admin, two.Admin) : (two.Admin, one.Admin);
            (await here.PostAsync(ConfigMaps, $$$"""{"metadata":{"name":"c{{{round}}}"},"data":{"a":"1"}}""")).Expect(201);
            var read = (await there.GetAsync($"{ConfigMaps}/c{round}")).Expect(200).Body;
            Assert.Equal(round + 1, (await there.GetAsync($"{ConfigMaps}?labelSelector=!x")).Expect(200).Body["items"]!.AsArray().Count);
            read["data"]!["a"] = "2";
            (await there.PutAsync($"{ConfigMaps}/c{round}", read)).Expect(200);
            (await here.PutAsync($"{ConfigMaps}/c{round}", read)).Expect(409);
            Assert.Equal("2", (string?)(await here.GetAsync($"{ConfigMaps}/c{round}")).Expect(200).Body["data"]!["a"]);

            (await here.PostAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"s{{{round}}}"}}""")).Expect(201);
            (await there.PostAsync($"/api/v1/namespaces/s{round}/configmaps", """{"metadata":{"name":"a"}}""")).Expect(201);
        }
    }

    [Fact]
    public async Task No_address_and_no_port_is_given_twice_and_what_is_free_again_both_know()
    {
        static string Body(string name, string more = "") => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"type":"NodePort","ports":[{"port":80}]{{{more}}}}}""";
        var made = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => (number % 2 == 0 ? one : two).Admin.PostAsync(Services, Body($"s{number}"))));
        var specs = made.Select(reply => reply.Expect(201).Body["spec"]!).ToList();
        Assert.Equal(60, specs.Select(spec => (string?)spec["clusterIP"]).Distinct().Count());
        Assert.Equal(60, specs.Select(spec => (int)spec["ports"]![0]!["nodePort"]!).Distinct().Count());

        var address = (string?)specs[0]["clusterIP"];
        (await two.Admin.PostAsync(Services, Body("again", $",\"clusterIP\":\"{address}\""))).Expect(422);
        (await one.Admin.DeleteAsync($"{Services}/s0")).Expect(200);
        (await two.Admin.PostAsync(Services, Body("again", $",\"clusterIP\":\"{address}\""))).Expect(201);
        (await one.Admin.PostAsync(Services, Body("third", $",\"clusterIP\":\"{address}\""))).Expect(422);
    }

    [Fact]
    public async Task Servers_know_of_one_another_until_one_has_been_silent_for_long()
    {
        var time = new FakeTimeProvider();
        var options = new ApiServerOptions { Port = 6443 };
        var (first, second) = (new ServerAddresses(stores[0], options, time), new ServerAddresses(stores[1], options, time));
        var (a, b) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));
        var cancelled = TestContext.Current.CancellationToken;
        Assert.Equal(["192.0.2.1"], await first.RenewAsync(a, cancelled));
        Assert.Equal(["192.0.2.1", "192.0.2.2"], await second.RenewAsync(b, cancelled));
        for (var round = 0; round < 3; round++)
        {
            time.Advance(TimeSpan.FromSeconds(12));
            await second.RenewAsync(b, cancelled);
        }

        Assert.Equal(["192.0.2.2"], await second.RenewAsync(b, cancelled));
        Assert.Equal(["192.0.2.1", "192.0.2.2"], await first.RenewAsync(a, cancelled));
        await first.LeaveAsync(a, cancelled);
        Assert.Equal(["192.0.2.2"], await second.RenewAsync(b, cancelled));
    }

    private async Task<EtcdStore> OpenAsync()
    {
        var store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Address] }, new Storage.StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, TestContext.Current.CancellationToken);
        stores.Add(store);
        return store;
    }
}
