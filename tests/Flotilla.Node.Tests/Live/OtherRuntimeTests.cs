using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class OtherRuntimeTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task Pods_of_a_class_are_run_by_the_runtime_that_it_names()
    {
        await using var host = await AgentHost.StartAsync(node);
        host.Cluster.Put(new V1RuntimeClass { ApiVersion = "node.k8s.io/v1", Kind = "RuntimeClass", Metadata = new V1ObjectMeta { Name = "special" }, Handler = NodeFixture.OtherRuntime });
        var usual = host.Create(AgentHost.Pod("usual"));
        var special = host.Create(AgentHost.Pod("special", spec =>
        {
            spec.RuntimeClassName = "special";
            spec.Containers[0].ReadinessProbe = new V1Probe { Exec = new V1ExecAction { Command = ["sh", "-c", "true"] }, PeriodSeconds = 1 };
        }));
        Assert.Equal(["runc"], StatesOf(await ReadyAsync(host, usual)));
        var seen = await ReadyAsync(host, special);
        Assert.Equal([NodeFixture.OtherRuntime], StatesOf(seen));
        await host.RemoveAsync(usual);
        await host.RemoveAsync(special);
        Assert.Empty(StatesOf(seen));
    }

    private static Task<V1Pod> ReadyAsync(AgentHost host, V1Pod pod) => host.UntilAsync(pod, current => current.Status?.ContainerStatuses?[0].Ready == true);

    /// <summary>The runtimes that know a pod's container.</summary>
    private IEnumerable<string> StatesOf(V1Pod pod)
    {
        var container = pod.Status.ContainerStatuses?[0].ContainerID["containerd://".Length..] ?? "none";
        return node.Options.Runtimes.Select(runtime => runtime.Name).Where(name => Directory.Exists(Path.Combine(node.Options.RunDirectory, "containerd", name, "k8s.io", container)));
    }
}
