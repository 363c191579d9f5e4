using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>A pod counts the changes of its specification, and its status says up to which its node has seen them.</summary>
public sealed class PodGenerationTests(LiveCluster cluster)
{
    [Fact]
    public async Task It_starts_at_one_and_grows_with_every_change_of_the_specification()
    {
        await using var space = await Space.CreateAsync(cluster);
        Assert.Equal(1, (await space.CreatePodAsync(PodYaml.Server("counts", "resources: {requests: {cpu: 10m}}"))).Metadata.Generation);
        await space.ReadyPodAsync("counts");
        await ChangeAsync(space, """{"metadata":{"labels":{"no":"change"}}}""", 1);
        await ChangeAsync(space, """{"spec":{"activeDeadlineSeconds":5000}}""", 2);
        await ChangeAsync(space, """{"spec":{"tolerations":[{"key":"k","operator":"Exists"}]}}""", 3);
        await space.Client.CoreV1.PatchNamespacedPodResizeAsync(new V1Patch("""{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"11m"}}}]}}""", V1Patch.PatchType.StrategicMergePatch), "counts", space.Name);
        await space.PodAsync("counts", pod => (pod.Metadata.Generation, pod.Status.ObservedGeneration) == (4, 4));
        await space.Client.CoreV1.PatchNamespacedPodEphemeralcontainersAsync(new V1Patch("""{"spec":{"ephemeralContainers":[{"name":"e","image":"my-image","imagePullPolicy":"Never"}]}}""", V1Patch.PatchType.StrategicMergePatch), "counts", space.Name);
        var pod = await space.PodAsync("counts", pod => (pod.Metadata.Generation, pod.Status.ObservedGeneration) == (5, 5));
        Assert.All(pod.Status.Conditions, condition => Assert.Equal(5, condition.ObservedGeneration));
    }

    [Fact]
    public async Task A_graceful_deletion_is_a_change_and_a_given_number_is_not_taken()
    {
        await using var space = await Space.CreateAsync(cluster);
        var yaml = PodYaml.For("given", PodYaml.Container("main", "trap '' TERM; sleep 3600"), "terminationGracePeriodSeconds: 3").Replace("metadata: {", "metadata: {generation: 42, ", StringComparison.Ordinal);
        Assert.Equal(1, (await space.CreatePodAsync(yaml)).Metadata.Generation);
        await space.ReadyPodAsync("given");
        await space.Client.CoreV1.DeleteNamespacedPodAsync("given", space.Name);
        await space.PodAsync("given", pod => (pod.Metadata.Generation, pod.Status.ObservedGeneration) == (2, 2), 3);
    }

    [Fact]
    public async Task Five_hundred_changes_are_all_counted_and_seen()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("many"));
        for (var seconds = 20_000; seconds > 20_000 - 499; seconds--)
        {
            await space.Client.CoreV1.PatchNamespacedPodAsync(new V1Patch($$$"""{"spec":{"activeDeadlineSeconds":{{{seconds}}}}}""", V1Patch.PatchType.MergePatch), "many", space.Name);
        }
        Assert.Equal(500, (await space.PodAsync("many")).Metadata.Generation);
        await space.PodAsync("many", pod => pod.Status.ObservedGeneration == 500);
    }

    private static async Task ChangeAsync(Space space, string patch, long generation)
    {
        await space.Client.CoreV1.PatchNamespacedPodAsync(new V1Patch(patch, V1Patch.PatchType.StrategicMergePatch), "counts", space.Name);
        await space.PodAsync("counts", pod => (pod.Metadata.Generation, pod.Status.ObservedGeneration) == (generation, generation));
    }
}
