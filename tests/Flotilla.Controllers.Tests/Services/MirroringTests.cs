using Flotilla.Client;
using Flotilla.Controllers.Services;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Services;

public sealed class MirroringTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new EndpointSliceMirroringController(context));

    public async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await cluster.CreateAsync(new V1Service { ApiVersion = "v1", Kind = "Service", Metadata = Named(), Spec = new V1ServiceSpec() });
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Endpoints_kept_by_hand_are_copied_changed_and_removed()
    {
        await cluster.CreateAsync(New("10.0.0.1", "fd00::1"));
        await UntilAsync(slices => slices.Count == 2);
        var slice = (await cluster.ListAsync<V1EndpointSlice>("default")).Single(one => one.AddressType == "IPv4");
        Assert.Equal(["10.0.0.1"], slice.Endpoints.Single().Addresses);
        Assert.Equal(("db", "endpointslicemirroring-controller.k8s.io"), (slice.Metadata.Labels["kubernetes.io/service-name"], slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"]));
        Assert.Equal(("Endpoints", "db", true), (slice.Controller()!.Kind, slice.Controller()!.Name, slice.Controller()!.BlockOwnerDeletion));

        await cluster.ChangeAsync<V1Endpoints>("default", "db", endpoints => endpoints.Subsets = New("10.0.0.2").Subsets);
        await UntilAsync(slices => slices.Count == 1 && slices[0].Endpoints.Single().Addresses[0] == "10.0.0.2" && slices[0].Metadata.Name == slice.Metadata.Name);
        await cluster.Client.DeleteAsync<V1Endpoints>(new("default", "db"), null, CancellationToken.None);
        await UntilAsync(slices => slices.Count == 0);
    }

    [Theory]
    [InlineData("endpointslice.kubernetes.io/skip-mirror", "true", false)]
    [InlineData("app", "db", true)]
    public void Some_do_not_want_to_be_copied(string label, string value, bool expected)
    {
        var endpoints = New("10.0.0.1");
        endpoints.Metadata.Labels = new Dictionary<string, string> { [label] = value };
        Assert.Equal(expected, MirroredSlicePlan.IsMirrored(endpoints));
    }

    [Fact]
    public void Those_of_services_with_a_selector_are_not_copied() =>
        Assert.False(MirroredSlicePlan.IsMirrored(new V1Service { Spec = new V1ServiceSpec { Selector = new Dictionary<string, string> { ["app"] = "db" } } }));

    private Task UntilAsync(Func<IReadOnlyList<V1EndpointSlice>, bool> condition) =>
        cluster.UntilAsync(async () => condition(await cluster.ListAsync<V1EndpointSlice>("default")), "the slices follow");

    private static V1Endpoints New(params string[] addresses) => new()
    {
        ApiVersion = "v1",
        Kind = "Endpoints",
        Metadata = Named(),
        Subsets =
        [
            new V1EndpointSubset
            {
                Addresses = [.. addresses.Select(address => new V1EndpointAddress { Ip = address })],
                Ports = [new Corev1EndpointPort { Name = "sql", Port = 5432, Protocol = "TCP" }],
            },
        ],
    };

    private static V1ObjectMeta Named() => new() { Name = "db", NamespaceProperty = "default" };
}
