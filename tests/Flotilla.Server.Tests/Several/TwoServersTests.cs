using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flotilla.Server.Membership;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

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
        one = await OwnServer.StartAsync(await OpenAsync(), change: options => Named(options, "one"));
        two = await OwnServer.StartAsync(await OpenAsync(), change: options => Named(options, "two"), sibling: one);
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
    public async Task The_service_kubernetes_leads_to_every_server_on_whatever_port_and_to_those_that_are_there()
    {
        await one.Admin.EventuallyAsync(EndpointsOfServers, reply => PlacesIn(reply).SetEquals([Place(one), Place(two)]));
        var slices = (await one.Admin.GetAsync(SlicesOfServers))["items"]!.AsArray();
        Assert.Equal(["kubernetes", $"kubernetes-{Math.Max(one.Port, two.Port)}"], slices.Select(slice => (string)slice!["metadata"]!["name"]!).Order(StringComparer.Ordinal));
        Assert.Equal(((int[])[one.Port, two.Port]).Order(), slices.Select(slice => (int)slice!["ports"]![0]!["port"]!).Order());

        await two.Server.StopAsync(TestContext.Current.CancellationToken);
        await one.Admin.EventuallyAsync(EndpointsOfServers, reply => PlacesIn(reply).SetEquals([Place(one)]));
        await one.Admin.EventuallyAsync(SlicesOfServers, reply => (string?)reply["items"]!.AsArray().Single()!["metadata"]!["name"] == "kubernetes");
    }

    [Fact]
    public async Task A_server_that_answers_no_more_leaves_soon_and_is_known_as_gone_until_it_is_back()
    {
        var members = new ServerMembers(stores[0], TimeProvider.System);
        var dead = new ServerMember("dead", "127.0.0.1", 9);
        await members.RenewAsync(dead, TestContext.Current.CancellationToken);
        await one.Admin.EventuallyAsync(EndpointsOfServers, reply => !PlacesIn(reply).Contains("127.0.0.1:9") && one.Server.IsGone("dead"));
        Assert.False(one.Server.IsGone("two"));
        Assert.DoesNotContain(await members.ListAsync(TestContext.Current.CancellationToken), found => found.Member == dead);
    }

    private const string EndpointsOfServers = "/api/v1/namespaces/default/endpoints/kubernetes";
    private const string SlicesOfServers = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes";

    // Where servers reach one another: loopback cannot be published.
    private static readonly IPAddress Address = NetworkInterface.GetAllNetworkInterfaces().SelectMany(link => link.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address).First(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));

    private static ApiServerOptions Named(ApiServerOptions options, string name) => options with { ServerName = name, BindAddress = IPAddress.Any, AdvertiseAddress = Address };

    private static string Place(OwnServer server) => $"{Address}:{server.Port}";

    private static HashSet<string> PlacesIn(Reply reply) => [.. reply["subsets"]!.AsArray()
        .SelectMany(subset => subset!["addresses"]!.AsArray().Select(address => $"{address!["ip"]}:{subset["ports"]![0]!["port"]}"))];

    private async Task<EtcdStore> OpenAsync()
    {
        var store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Address] }, new Storage.StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, TestContext.Current.CancellationToken);
        stores.Add(store);
        return store;
    }
}
