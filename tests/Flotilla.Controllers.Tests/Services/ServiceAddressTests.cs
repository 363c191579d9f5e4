using Flotilla.Client;
using Flotilla.Controllers.Services;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Services;

public sealed class ServiceAddressTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new ServiceAddressController(context), context => new ServiceRangeController(context));

    public async ValueTask InitializeAsync()
    {
        cluster.Context.Options.ServiceCidr = "10.96.0.0/12";
        await cluster.StartAsync();
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Each_address_of_a_service_has_an_object_of_its_own()
    {
        await cluster.CreateAsync(new V1Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec { ClusterIPs = ["10.96.0.7"] },
        });
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1IPAddress>()).Any(address => address.Metadata.Name == "10.96.0.7"), "the address");
        var address = (await cluster.ListAsync<V1IPAddress>()).Single();
        Assert.Equal(("services", "default", "web"), (address.Spec.ParentRef.Resource, address.Spec.ParentRef.NamespaceProperty, address.Spec.ParentRef.Name));
        await cluster.Client.DeleteAsync<V1Service>(new("default", "web"), null, CancellationToken.None);
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1IPAddress>()).Count == 0, "it is free");
    }

    [Fact]
    public async Task A_range_is_ready_and_goes_only_when_no_address_needs_it()
    {
        await CreateRangeAsync("more", "10.200.0.0/16");
        await cluster.UntilAsync(async () => (await RangeAsync()).Status?.Conditions?[0].Status == "True", "it is ready");
        await cluster.CreateAsync(new V1IPAddress
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "IPAddress",
            Metadata = new V1ObjectMeta { Name = "10.200.0.9" },
            Spec = new V1IPAddressSpec { ParentRef = new V1ParentReference { Resource = "gateways", Name = "g" } },
        });
        await cluster.UntilAsync(() => Task.FromResult(cluster.Informers.Of<V1IPAddress>().List().Count == 1), "the address is known");
        await cluster.Client.DeleteAsync<V1ServiceCIDR>(new(null, "more"), null, CancellationToken.None);
        await cluster.UntilAsync(async () => (await RangeAsync()).Status?.Conditions?[0] is { Status: "False", Reason: "Terminating" }, "it waits");
        await cluster.Client.DeleteAsync<V1IPAddress>(new(null, "10.200.0.9"), null, CancellationToken.None);
        await cluster.UntilAsync(async () => (await cluster.ListAsync<V1ServiceCIDR>()).All(range => range.Metadata.Name != "more"), "it goes");
    }

    private Task CreateRangeAsync(string name, string cidr) => cluster.CreateAsync(new V1ServiceCIDR
    {
        ApiVersion = "networking.k8s.io/v1",
        Kind = "ServiceCIDR",
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1ServiceCIDRSpec { Cidrs = [cidr] },
    });

    private Task<V1ServiceCIDR> RangeAsync() => cluster.GetAsync<V1ServiceCIDR>(null!, "more");
}
