using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Network;

/// <summary>What stands behind services: kept for them, or by hand.</summary>
public sealed class EndpointTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_service_without_pods_has_empty_endpoints_of_both_kinds_until_it_goes()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ServiceAsync("lonely", "{selector: {app: nobody}, ports: [{port: 80}]}");
        await space.UntilAsync(() => SlicesAsync(space, "lonely"), slices => slices is [{ Endpoints: null or { Count: 0 } }]);
        await space.UntilAsync(
            () => space.Client.CoreV1.ListNamespacedEndpointsAsync(space.Name, fieldSelector: "metadata.name=lonely"), found => found.Items is [{ Subsets: null or { Count: 0 } }]);
        await space.Client.CoreV1.DeleteNamespacedServiceAsync("lonely", space.Name);
        await space.UntilAsync(() => SlicesAsync(space, "lonely"), slices => slices.Count == 0);
        await space.UntilAsync(
            () => space.Client.CoreV1.ListNamespacedEndpointsAsync(space.Name, fieldSelector: "metadata.name=lonely"), found => found.Items.Count == 0);
    }

    [Fact]
    public async Task Endpoints_and_slices_follow_pods_by_their_ports()
    {
        await using var space = await SpaceAsync();
        await space.ServiceAsync("numbered", "{selector: {app: web}, ports: [{port: 80, targetPort: 3000}]}");
        await space.ServiceAsync("named", "{selector: {group: both}, ports: [{port: 80, targetPort: example-name}]}");
        var first = await ServeAsync(space, "web", "example-name", 3000);
        var second = await ServeAsync(space, "other", "example-name", 3001);
        await SameAsync(space, "numbered", $"{first.Status.PodIP}:3000");
        await SameAsync(space, "named", $"{first.Status.PodIP}:3000", $"{second.Status.PodIP}:3001");
        await space.Client.CoreV1.DeleteNamespacedPodAsync("web", space.Name);
        await SameAsync(space, "numbered");
        await SameAsync(space, "named", $"{second.Status.PodIP}:3001");
    }

    [Fact]
    public async Task A_service_serves_its_pods_as_they_come_and_go()
    {
        await using var space = await SpaceAsync();
        await space.ClientAsync();
        var service = await space.ServiceAsync("both", "{selector: {group: both}, ports: [{name: a, port: 80, targetPort: first}, {name: b, port: 81, targetPort: second}]}");
        await SameAsync(space, "both");
        var one = await ServeAsync(space, "one", "first", 8080);
        await SameAsync(space, "both", $"{one.Status.PodIP}:8080");
        await space.FetchUntilAsync("client", $"{service.Spec.ClusterIP}:80", "one GET");
        var two = await ServeAsync(space, "two", "second", 8081);
        await SameAsync(space, "both", $"{one.Status.PodIP}:8080", $"{two.Status.PodIP}:8081");
        await space.FetchUntilAsync("client", $"{service.Spec.ClusterIP}:81", "two GET");
        await space.Client.CoreV1.DeleteNamespacedPodAsync("one", space.Name);
        await SameAsync(space, "both", $"{two.Status.PodIP}:8081");
        await space.Client.CoreV1.DeleteNamespacedPodAsync("two", space.Name);
        await SameAsync(space, "both");
    }

    [Theory]
    [InlineData("the same pod")]
    [InlineData("two pods")]
    public async Task Slices_kept_by_hand_lead_to_all_their_ports(string where)
    {
        await using var space = await SpaceAsync();
        await space.ClientAsync();
        var one = await space.ServeAsync("one", "tcp:8080 tcp:8081");
        var two = where == "two pods" ? await space.ServeAsync("two", "tcp:8081") : one;
        var service = await space.ServiceAsync("manual", "{ports: [{name: a, port: 80}, {name: b, port: 81}]}");
        await SliceAsync(space, "manual-a", "a", one.Status.PodIP, 8080);
        await SliceAsync(space, "manual-b", "b", two.Status.PodIP, 8081);
        await space.FetchUntilAsync("client", $"{service.Spec.ClusterIP}:80", "one GET");
        await space.FetchUntilAsync("client", $"{service.Spec.ClusterIP}:81", $"{two.Metadata.Name} GET");
    }

    [Fact]
    public async Task Endpoints_kept_by_hand_are_mirrored()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ServiceAsync("custom", "{ports: [{name: example, port: 80}]}");
        var endpoints = KubernetesYaml.Deserialize<V1Endpoints>("metadata: {name: custom}\nsubsets: [{addresses: [{ip: 10.1.2.3}], ports: [{name: example, port: 80}]}]\n");
        var created = await space.Client.CoreV1.CreateNamespacedEndpointsAsync(endpoints, space.Name);
        await MirroredAsync("10.1.2.3:80");
        created.Subsets[0].Addresses = [new V1EndpointAddress { Ip = "10.2.3.4" }];
        created.Subsets[0].Ports[0].Port = 81;
        await space.Client.CoreV1.ReplaceNamespacedEndpointsAsync(created, "custom", space.Name);
        await MirroredAsync("10.2.3.4:81");
        await space.Client.CoreV1.DeleteNamespacedEndpointsAsync("custom", space.Name);
        await space.UntilAsync(() => SlicesAsync(space, "custom"), slices => slices.Count == 0);

        Task MirroredAsync(params string[] wanted) => space.UntilAsync(() => space.SliceTargetsAsync("custom"), found => found.SequenceEqual(wanted, StringComparer.Ordinal));
    }

    private async Task<Space> SpaceAsync()
    {
        await NetSpace.PrepareAsync(cluster);
        return await Space.CreateAsync(cluster);
    }

    private static async Task<V1Pod> ServeAsync(Space space, string name, string portName, int port)
    {
        var pod = await space.ServeAsync(name, $"tcp:{port}", $"[{{name: {portName}, containerPort: {port}}}]");
        await space.Client.CoreV1.PatchNamespacedPodAsync(Apps.WorkloadSpace.Merge("""{"metadata":{"labels":{"group":"both"}}}"""), name, space.Name);
        return pod;
    }

    private static async Task SameAsync(Space space, string service, params string[] wanted)
    {
        var sorted = wanted.Order(StringComparer.Ordinal).ToList();
        await space.UntilAsync(() => space.SliceTargetsAsync(service), found => found.SequenceEqual(sorted, StringComparer.Ordinal));
        await space.UntilAsync(() => space.EndpointTargetsAsync(service), found => found.SequenceEqual(sorted, StringComparer.Ordinal));
    }

    private static async Task<IList<V1EndpointSlice>> SlicesAsync(Space space, string service) =>
        (await space.Client.DiscoveryV1.ListNamespacedEndpointSliceAsync(space.Name, labelSelector: $"kubernetes.io/service-name={service}")).Items;

    private static Task SliceAsync(Space space, string name, string portName, string address, int port) => space.Client.DiscoveryV1.CreateNamespacedEndpointSliceAsync(
        new V1EndpointSlice
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "manual" } },
            AddressType = "IPv4",
            Ports = [new Discoveryv1EndpointPort { Name = portName, Port = port, Protocol = "TCP" }],
            Endpoints = [new V1Endpoint { Addresses = [address] }],
        },
        space.Name);
}
