using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

public sealed class EphemeralContainerTests(LiveCluster cluster)
{
    [Fact]
    public async Task Containers_are_added_to_a_running_pod_one_after_the_other()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("host"));
        await space.ReadyPodAsync("host");
        for (var count = 1; count <= 2; count++)
        {
            var name = $"debugger-{count}";
            var body = $$$"""{"spec":{"ephemeralContainers":[{"name":"{{{name}}}","image":"my-image","imagePullPolicy":"Never","command":["sh","-c","echo polo; sleep 60"],"stdin":true,"tty":true}]}}""";
            await space.Client.CoreV1.PatchNamespacedPodEphemeralcontainersAsync(new V1Patch(body, V1Patch.PatchType.StrategicMergePatch), "host", space.Name);
            var pod = await space.PodAsync("host", pod => pod.Status.EphemeralContainerStatuses?.Any(status => status.Name == name && status.State.Running is not null) == true);
            Assert.Equal(count, pod.Spec.EphemeralContainers.Count);
            Assert.Contains("polo", await space.LogAsync("host", name, "polo"), StringComparison.Ordinal);
        }
    }
}
