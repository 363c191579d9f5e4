using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Scheduling;

/// <summary>Where pods may run.</summary>
public sealed class PredicateTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_node_takes_no_more_than_it_has()
    {
        await using var space = await Space.CreateAsync(cluster);
        await using var nodes = await SimulatedNodes.StartAsync(cluster, space, 2, "1");
        foreach (var name in (string[])["filler-1", "filler-2"])
        {
            await space.Client.CoreV1.CreateNamespacedPodAsync(nodes.Pod(name, "700m"), space.Name);
            await space.ReadyPodAsync(name);
        }

        await space.Client.CoreV1.CreateNamespacedPodAsync(nodes.Pod("additional", "400m"), space.Name);
        var failed = await space.EventAsync("additional", "FailedScheduling");
        Assert.Contains("2 Insufficient cpu", failed.Message, StringComparison.Ordinal);
        Assert.Null((await space.PodAsync("additional")).Spec.NodeName);
    }

    [Fact]
    public async Task A_pod_goes_to_the_node_its_selector_names()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = await cluster.NodeAsync();
        await LabelAsync(space, node.Metadata.Name, "42");
        await space.CreatePodAsync(Selecting(space, "labelled", "42"));
        Assert.Equal(node.Metadata.Name, (await space.ReadyPodAsync("labelled")).Spec.NodeName);
        await LabelAsync(space, node.Metadata.Name, null);
    }

    [Fact]
    public async Task A_pod_whose_selector_no_node_matches_gets_none()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(Selecting(space, "nowhere", "nonempty"));
        var failed = await space.EventAsync("nowhere", "FailedScheduling");
        Assert.Contains("node(s) didn't match Pod's node affinity/selector", failed.Message, StringComparison.Ordinal);
        Assert.Null((await space.PodAsync("nowhere")).Spec.NodeName);
    }

    [Fact]
    public async Task A_host_port_of_all_addresses_conflicts_with_that_of_one()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = LiveCluster.NodeName;
        await space.CreatePodAsync(Port("all", node, "0.0.0.0", "TCP"));
        await space.ReadyPodAsync("all");
        await space.CreatePodAsync(Port("one", node, "127.0.0.1", "TCP"));
        await space.CreatePodAsync(Port("other-protocol", node, "127.0.0.1", "UDP"));

        Assert.Contains("node(s) didn't have free ports for the requested pod ports", (await space.EventAsync("one", "FailedScheduling")).Message, StringComparison.Ordinal);
        await space.ReadyPodAsync("other-protocol");
        Assert.Null((await space.PodAsync("one")).Spec.NodeName);
    }

    private static Task LabelAsync(Space space, string node, string? value) => space.Client.CoreV1.PatchNodeAsync(
        new V1Patch($$$$"""{"metadata":{"labels":{"example.com/{{{{space.Name}}}}":{{{{(value is null ? "null" : $"\"{value}\"")}}}}}}}""", V1Patch.PatchType.MergePatch), node);

    private static string Selecting(Space space, string name, string value) => $$"""
        metadata: {name: {{name}}}
        spec:
          nodeSelector: {example.com/{{space.Name}}: "{{value}}"}
          containers: [{name: main, image: my-image, imagePullPolicy: Never}]
        """;

    private static string Port(string name, string node, string address, string protocol) => $$"""
        metadata: {name: {{name}}}
        spec:
          nodeSelector: {kubernetes.io/hostname: {{node}}}
          containers: [{name: main, image: my-image, imagePullPolicy: Never, ports: [{containerPort: 8080, hostPort: 54322, hostIP: {{address}}, protocol: {{protocol}}}]}]
        """;
}
