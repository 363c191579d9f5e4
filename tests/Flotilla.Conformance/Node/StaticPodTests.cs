using Flotilla.Conformance.Live;
using k8s;

namespace Flotilla.Conformance.Node;

public sealed class StaticPodTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_file_of_the_node_is_a_pod_that_the_cluster_can_only_look_at()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = LiveCluster.NodeName;
        var file = Path.Combine(cluster.DataDirectory, "node", "manifests", space.Name + ".yaml");
        var name = "static-" + node;
        await WriteAsync(file, space.Name, "one");
        var pod = await space.UntilAsync(() => FindAsync(space, name), found => found?.Status.Phase == "Running");
        Assert.Equal("file", pod!.Metadata.Annotations["kubernetes.io/config.source"]);
        Assert.Equal(("Node", node), (pod.Metadata.OwnerReferences[0].Kind, pod.Metadata.OwnerReferences[0].Name));
        Assert.Equal("one\n", await space.LogAsync(name, "main", "one"));
        Assert.Equal("hello\n", await space.ShellAsync(name, "echo hello"));

        // Deleting the mirror deletes nothing else.
        await space.Client.CoreV1.DeleteNamespacedPodAsync(name, space.Name);
        var again = await space.UntilAsync(() => FindAsync(space, name), found => found is not null && found.Metadata.Uid != pod.Metadata.Uid && found.Status.Phase == "Running");
        Assert.Equal(pod.Status.ContainerStatuses[0].ContainerID, again!.Status.ContainerStatuses[0].ContainerID);

        await WriteAsync(file, space.Name, "two");
        await space.UntilAsync(() => FindAsync(space, name), found => found is not null && found.Metadata.Annotations["kubernetes.io/config.hash"] != pod.Metadata.Annotations["kubernetes.io/config.hash"] && found.Status.Phase == "Running");
        Assert.Equal("two\n", await space.LogAsync(name, "main", "two"));
        File.Delete(file);
        await space.UntilAsync(() => FindAsync(space, name), found => found is null);
    }

    private static async Task<k8s.Models.V1Pod?> FindAsync(Space space, string name) =>
        (await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, fieldSelector: "metadata.name=" + name)).Items.FirstOrDefault();

    private static async Task WriteAsync(string file, string space, string text)
    {
        var yaml = $"apiVersion: v1\nkind: Pod\n{PodYaml.For("static", PodYaml.Container("main", $"echo {text}; sleep 3600"), "terminationGracePeriodSeconds: 0")}";
        await File.WriteAllTextAsync(file + ".new~", yaml.Replace("metadata: {", $"metadata: {{namespace: {space}, ", StringComparison.Ordinal));
        File.Move(file + ".new~", file, overwrite: true);
    }
}
