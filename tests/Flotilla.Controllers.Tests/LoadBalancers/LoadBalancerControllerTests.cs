using Flotilla.Client;
using Flotilla.Controllers.LoadBalancers;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.LoadBalancers;

public sealed class LoadBalancerControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context =>
    {
        (context.Options.BalancesLoad, context.Options.LoadBalancerPool) = (true, AddressPool.Parse("10.0.0.1-10.0.0.2"));
        return new LoadBalancerController(context);
    });

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await cluster.CreateAsync(Balancers.Node("n1", "192.168.0.1"));
        await cluster.CreateAsync(Balancers.Node("n2", "192.168.0.2"));
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Addresses_are_given_told_of_refused_when_there_are_none_left_and_given_on()
    {
        await Task.WhenAll(((string[])["a", "b", "c"]).Select(name => cluster.CreateAsync(Balancers.Service(name))));
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1Service>()).All(service => service.Status.Conditions is { Count: 1 }), "a word about each");
        var all = await cluster.ListAsync<V1Service>();
        Assert.Equal(["", "10.0.0.1", "10.0.0.2"], all.Select(Address).Order(StringComparer.Ordinal));
        Assert.All(all.Where(service => Address(service).Length > 0), service => Assert.Equal("VIP", service.Status.LoadBalancer.Ingress[0].IpMode));
        Assert.Equal(["n1", "n2"], all.Select(NodeOf).OfType<string>().Order(StringComparer.Ordinal));
        var waiting = all.Single(service => Address(service).Length == 0);
        Assert.Equal(("False", "PoolExhausted"), (waiting.Status.Conditions[0].Status, waiting.Status.Conditions[0].Reason));
        await EventsAsync(waiting, "SyncLoadBalancerFailed");
        var served = all.First(service => Address(service).Length > 0);
        await EventsAsync(served, "EnsuringLoadBalancer", "EnsuredLoadBalancer");

        await cluster.Client.DeleteAsync<V1Service>(served.Key(), null, CancellationToken.None);
        await cluster.UntilAsync(async () => Address(await cluster.GetAsync<V1Service>("default", waiting.Metadata.Name)) == Address(served), "what was free");
    }

    [Fact]
    public async Task Another_node_follows_one_that_died()
    {
        await cluster.CreateAsync(Balancers.Service("web"));
        await cluster.UntilAsync(async () => NodeOf(await WebAsync()) == "n1", "a node");
        await cluster.ChangeAsync<V1Node>(null!, "n1", node => node.Status.Conditions[0].Status = "Unknown");
        await cluster.UntilAsync(async () => NodeOf(await WebAsync()) == "n2", "the other node");
        Assert.Equal("10.0.0.1", Address(await WebAsync()));
    }

    [Fact]
    public async Task A_service_of_another_type_gives_its_address_back()
    {
        await cluster.CreateAsync(Balancers.Service("web"));
        await cluster.UntilAsync(async () => Address(await WebAsync()) == "10.0.0.1" && (await WebAsync()).Status.Conditions is { Count: 1 }, "an address");
        await cluster.ChangeAsync<V1Service>("default", "web", service => service.Spec.Type = "ClusterIP");
        await cluster.UntilAsync(async () => await WebAsync() is { Status.LoadBalancer.Ingress: null or { Count: 0 } } web && NodeOf(web) is null && web.Status.Conditions is null or { Count: 0 }, "nothing");
        await EventsAsync(await WebAsync(), "Type", "DeletingLoadBalancer", "DeletedLoadBalancer");
    }

    private static string Address(V1Service service) => service.Status?.LoadBalancer?.Ingress?.FirstOrDefault()?.Ip ?? "";

    private static string? NodeOf(V1Service service) => service.Metadata.Annotations?.TryGetValue(LoadBalancing.NodeAnnotation, out var node) == true ? node : null;

    private Task<V1Service> WebAsync() => cluster.GetAsync<V1Service>("default", "web");

    private Task EventsAsync(V1Service service, params string[] reasons) => cluster.UntilAsync(
        async () => reasons.All((await cluster.ListAsync<Corev1Event>()).Where(one => one.InvolvedObject.Name == service.Metadata.Name).Select(one => one.Reason).Contains), string.Join(' ', reasons));
}
