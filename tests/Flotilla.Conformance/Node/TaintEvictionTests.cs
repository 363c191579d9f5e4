using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>Pods leave a node that is tainted so, each after the time it tolerates. It is the node of all tests: nobody else uses it meanwhile.</summary>
public sealed class TaintEvictionTests(LiveCluster cluster)
{
    private const string Taint = """[{"key":"k","value":"v","effect":"NoExecute"}]""";

    [Fact(DisableParallelization = true)]
    public async Task Pods_go_at_their_time_and_stay_when_the_taint_goes_first()
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = await CreateAsync(space, "soon", 1);
        await CreateAsync(space, "later", 6);
        await CreateAsync(space, "stays", null);
        try
        {
            await TaintAsync(space, node, Taint);
            await space.UntilAsync(() => DeletionAsync(space, "soon"), deletion => deletion is not null, 20);
            await TaintAsync(space, node, "[]");
            Assert.Null(await DeletionAsync(space, "later"));
            await Task.Delay(TimeSpan.FromSeconds(7));
            Assert.Null(await DeletionAsync(space, "later"));
            await GoneAsync(space, "soon");

            await TaintAsync(space, node, Taint);
            await GoneAsync(space, "later");
            var stays = await space.PodAsync("stays");
            Assert.Equal(("Running", 0), (stays.Status.Phase, stays.Status.ContainerStatuses[0].RestartCount));
        }
        finally
        {
            await TaintAsync(space, node, "[]");
        }
    }

    /// <returns>The node it runs on.</returns>
    private static async Task<string> CreateAsync(Space space, string name, int? seconds)
    {
        var limit = seconds is null ? "" : $", tolerationSeconds: {seconds}";
        await space.CreatePodAsync(PodYaml.Server(name, "", $"tolerations: [{{key: k, operator: Equal, value: v, effect: NoExecute{limit}}}]", "terminationGracePeriodSeconds: 1"));
        return (await space.ReadyPodAsync(name)).Spec.NodeName;
    }

    private static async Task<DateTime?> DeletionAsync(Space space, string name) =>
        (await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, fieldSelector: $"metadata.name={name}")).Items is [var pod] ? pod.Metadata.DeletionTimestamp : DateTime.MinValue;

    private static Task GoneAsync(Space space, string name) =>
        space.UntilAsync(() => DeletionAsync(space, name), deletion => deletion == DateTime.MinValue, 60);

    private static Task TaintAsync(Space space, string node, string taints) =>
        space.Client.CoreV1.PatchNodeAsync(new V1Patch($$$"""{"spec":{"taints":{{{taints}}}}}""", V1Patch.PatchType.MergePatch), node);
}
