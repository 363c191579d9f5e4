using System.Globalization;
using Flotilla.Conformance.Live;
using k8s;

namespace Flotilla.Conformance.Network;

/// <summary>The API server as a service of the cluster.</summary>
public sealed class ApiServerServiceTests(LiveCluster cluster)
{
    [Fact]
    public async Task It_is_found_among_the_services_of_all_namespaces_with_its_secure_port()
    {
        var service = (await cluster.Client.CoreV1.ListServiceForAllNamespacesAsync()).Items
            .Single(found => found.Metadata is { Name: "kubernetes", NamespaceProperty: "default" });
        var port = Assert.Single(service.Spec.Ports);
        Assert.Equal(("https", 443, "TCP"), (port.Name, port.Port, port.Protocol));
    }

    [Fact]
    public async Task Its_endpoints_and_slices_name_each_server()
    {
        var endpoints = await cluster.Client.CoreV1.ReadNamespacedEndpointsAsync("kubernetes", "default");
        var slices = await cluster.Client.DiscoveryV1.ListNamespacedEndpointSliceAsync("default", labelSelector: "kubernetes.io/service-name=kubernetes");
        var subset = Assert.Single(endpoints.Subsets);
        var slice = Assert.Single(slices.Items);
        Assert.Equal(subset.Addresses.Select(address => address.Ip), slice.Endpoints.SelectMany(endpoint => endpoint.Addresses));
        Assert.Equal(subset.Ports[0].Port, Assert.Single(slice.Ports).Port);
        using var http = cluster.Http();
        http.BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://{subset.Addresses[0].Ip}:{subset.Ports[0].Port}"));
        Assert.Equal("ok", await http.GetStringAsync(new Uri("/readyz", UriKind.Relative)));
    }
}
