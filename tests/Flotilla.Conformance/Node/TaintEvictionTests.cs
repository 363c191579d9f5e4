using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>Pods leave a node that is tainted so, each after the time it tolerates. The node is one of which only the object exists.</summary>
public sealed class TaintEvictionTests(LiveCluster cluster)
{
    [Fact(DisableParallelization = true)]
    public async Task Pods_go_at_their_time_and_stay_when_the_taint_goes_first()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = "node-of-" + space.Name;
        await space.Client.CoreV1.CreateNodeAsync(new V1Node { Metadata = new V1ObjectMeta { Name = node } });
        await CreateAsync(space, node, "soon", 1);
        await CreateAsync(space, node, "later", 5);
        await TaintAsync(space, node, """[{"key":"k","value":"v","effect":"NoExecute"}]""");
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name, fieldSelector: "metadata.name=soon"), list => list.Items.Count == 0, 20);
        await TaintAsync(space, node, "[]");
        Assert.Null((await space.PodAsync("later")).Metadata.DeletionTimestamp);
        await Task.Delay(TimeSpan.FromSeconds(6));
        Assert.Null((await space.PodAsync("later")).Metadata.DeletionTimestamp);
        await TaintAsync(space, node, """[{"key":"k","value":"v","effect":"NoExecute"}]""");
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name, fieldSelector: "metadata.name=later"), list => list.Items.Count == 0, 20);
        await space.Client.CoreV1.DeleteNodeAsync(node);
    }

    private static Task CreateAsync(Space space, string node, string name, int seconds) => space.CreatePodAsync(PodYaml.Server(
        name, "", $"nodeName: {node}", $"tolerations: [{{key: k, operator: Equal, value: v, effect: NoExecute, tolerationSeconds: {seconds}}}]", "terminationGracePeriodSeconds: 0"));

    private static Task TaintAsync(Space space, string node, string taints) =>
        space.Client.CoreV1.PatchNodeAsync(new V1Patch($$$"""{"spec":{"taints":{{{taints}}}}}""", V1Patch.PatchType.MergePatch), node);
}
