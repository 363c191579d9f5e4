using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>Pods that reach a node past the scheduler, and what the node makes of them.</summary>
public sealed class AdmissionTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("resources: {requests: {cpu: '1000'}}", "", "OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: ")]
    [InlineData("resources: {requests: {memory: 1000Gi}}", "", "OutOfmemory", "Pod was rejected: Node didn't have enough resource: memory, requested: ")]
    [InlineData("", "nodeSelector: {no: such}", "NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")]
    public async Task What_cannot_run_here_fails_with_the_reason(string container, string spec, string reason, string message)
    {
        await using var space = await Space.CreateAsync(cluster);
        var node = LiveCluster.NodeName;
        await space.CreatePodAsync(PodYaml.Server("rejected", container, spec.Length > 0 ? [$"nodeName: {node}", spec] : [$"nodeName: {node}"]));
        var pod = await space.EndedPodAsync("rejected");
        Assert.Equal(("Failed", reason), (pod.Status.Phase, pod.Status.Reason));
        Assert.StartsWith(message, pod.Status.Message, StringComparison.Ordinal);
        Assert.Null(pod.Status.ContainerStatuses);
        Assert.Equal("Warning", (await space.EventAsync("rejected", reason)).Type);
    }

    [Fact]
    public async Task A_resize_that_fits_nowhere_is_infeasible()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("big", "resources: {requests: {cpu: 10m, memory: 16Mi}}"));
        await space.ReadyPodAsync("big");
        await space.Client.CoreV1.PatchNamespacedPodResizeAsync(new V1Patch("""{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"1000"}}}]}}""", V1Patch.PatchType.StrategicMergePatch), "big", space.Name);
        var pod = await space.PodAsync("big", pod => pod.Status.Conditions.Any(condition => condition is { Type: "PodResizePending", Reason: "Infeasible" }));
        Assert.Equal("10m", pod.Status.ContainerStatuses[0].AllocatedResources["cpu"].ToString());
        Assert.Contains("\"error\":\"Node didn't have enough capacity: cpu", (await space.EventAsync("big", "ResizeInfeasible")).Message, StringComparison.Ordinal);
        await space.Client.CoreV1.PatchNamespacedPodResizeAsync(new V1Patch("""{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"20m"}}}]}}""", V1Patch.PatchType.StrategicMergePatch), "big", space.Name);
        await space.PodAsync("big", pod => pod.Status.ContainerStatuses[0].AllocatedResources["cpu"].ToString() == "20m" && !pod.Status.Conditions.Any(condition => condition.Type.StartsWith("PodResize", StringComparison.Ordinal)));
        Assert.StartsWith("Pod resize completed: {\"containers\":[{\"name\":\"main\"", (await space.EventAsync("big", "ResizeCompleted")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_keeps_more_than_it_may_is_evicted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For(
            "full", PodYaml.Container("main", "dd if=/dev/zero of=/data/file bs=1M count=3; sleep 3600", "volumeMounts: [{name: data, mountPath: /data}]"), "volumes: [{name: data, emptyDir: {sizeLimit: 1Mi}}]"));
        var pod = await space.EndedPodAsync("full");
        Assert.Equal(("Failed", "Evicted", "Usage of EmptyDir volume \"data\" exceeds the limit \"1Mi\". "), (pod.Status.Phase, pod.Status.Reason, pod.Status.Message));
        Assert.Contains(pod.Status.Conditions, condition => condition is { Type: "DisruptionTarget", Status: "True", Reason: "TerminationByKubelet" });
        Assert.Equal("Warning", (await space.EventAsync("full", "Evicted")).Type);
    }

    [Fact]
    public async Task A_container_is_stopped_by_the_signal_it_asks_for()
    {
        await using var space = await Space.CreateAsync(cluster);
        var directory = Directory.CreateTempSubdirectory("flotilla-signal-").FullName;
        await space.CreatePodAsync(PodYaml.For(
            "signal", PodYaml.Container("main", "trap 'echo got it > /data/word; exit 0' USR1; while :; do sleep 0.1; done", "lifecycle: {stopSignal: SIGUSR1}, volumeMounts: [{name: data, mountPath: /data}]"),
            "os: {name: linux}", "terminationGracePeriodSeconds: 20", $"volumes: [{{name: data, hostPath: {{path: {directory}}}}}]"));
        await space.ReadyPodAsync("signal");
        await space.Client.CoreV1.DeleteNamespacedPodAsync("signal", space.Name);
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name), list => list.Items.Count == 0, 15);
        Assert.Equal("got it\n", await File.ReadAllTextAsync(directory + "/word"));
        Directory.Delete(directory, recursive: true);
    }
}
