using Flotilla.Conformance.Live;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Flotilla.Conformance.Node;

public sealed class RuntimeClassTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_pod_of_a_class_that_does_not_exist_is_refused()
    {
        await using var space = await Space.CreateAsync(cluster);
        var name = space.Name + "-gone";
        await Refused(space, name);
        await space.Client.NodeV1.CreateRuntimeClassAsync(New(name, "runc"));
        await space.Client.NodeV1.DeleteRuntimeClassAsync(name);
        await Refused(space, name);
    }

    [Fact]
    public async Task A_pod_has_the_overhead_of_its_class_and_runs_under_its_handler()
    {
        await using var space = await Space.CreateAsync(cluster);
        var (plain, heavy, unknown) = (space.Name + "-plain", space.Name + "-heavy", space.Name + "-unknown");
        await space.Client.NodeV1.CreateRuntimeClassAsync(New(plain, "runc"));
        await space.Client.NodeV1.CreateRuntimeClassAsync(New(unknown, "no-such-handler"));
        var overhead = new V1Overhead { PodFixed = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("10m"), ["memory"] = new("8Mi") } };
        await space.Client.NodeV1.CreateRuntimeClassAsync(New(heavy, "runc") with { Overhead = overhead });
        await space.CreatePodAsync(PodYaml.Server("plain", "", $"runtimeClassName: {plain}"));
        await space.CreatePodAsync(PodYaml.Server("heavy", "", $"runtimeClassName: {heavy}"));
        await space.CreatePodAsync(PodYaml.Server("unknown", "", $"runtimeClassName: {unknown}"));
        Assert.Null((await space.ReadyPodAsync("plain")).Spec.Overhead);
        var pod = await space.ReadyPodAsync("heavy");
        Assert.Equal(("10m", "8Mi"), (pod.Spec.Overhead["cpu"].ToString(), pod.Spec.Overhead["memory"].ToString()));
        Assert.Contains("no-such-handler", (await space.EventAsync("unknown", "FailedCreatePodSandBox")).Message, StringComparison.Ordinal);
        foreach (var name in new[] { plain, heavy, unknown })
        {
            await space.Client.NodeV1.DeleteRuntimeClassAsync(name);
        }
    }

    private static async Task Refused(Space space, string name)
    {
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => space.CreatePodAsync(PodYaml.Server("refused", "", $"runtimeClassName: {name}")));
        Assert.Contains($"pod rejected: RuntimeClass \\\"{name}\\\" not found", refused.Response.Content, StringComparison.Ordinal);
    }

    private static V1RuntimeClass New(string name, string handler) => new() { Metadata = new V1ObjectMeta { Name = name }, Handler = handler };
}
