using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class OtherRuntimeTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task A_class_of_pods_is_run_by_the_runtime_that_it_names()
    {
        await using var host = await AgentHost.StartAsync(node);
        host.Cluster.Put(new V1RuntimeClass { ApiVersion = "node.k8s.io/v1", Kind = "RuntimeClass", Metadata = new V1ObjectMeta { Name = "light" }, Handler = "crun" });
        var usual = host.Create(AgentHost.Pod("usual"));
        var light = host.Create(AgentHost.Pod("light", spec =>
        {
            spec.RuntimeClassName = "light";
            spec.Containers[0].ReadinessProbe = new V1Probe { Exec = new V1ExecAction { Command = ["test", "-e", "/bin/sh"] }, PeriodSeconds = 1 };
            spec.Containers[0].Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("32Mi") } };
        }));
        Assert.Equal((false, true), (IsOfCrun(await ReadyAsync(host, usual)), IsOfCrun(await ReadyAsync(host, light))));

        // What is killed for its memory is told as such, whatever ran it.
        var greedy = host.Create(AgentHost.Pod("greedy", spec =>
        {
            spec.RuntimeClassName = "light";
            spec.RestartPolicy = "Never";
            spec.Containers[0].Resources = new V1ResourceRequirements { Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("16Mi") } };
        }, "sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"));
        var ended = await host.UntilAsync(greedy, pod => pod.Status.Phase == "Failed");
        Assert.Equal(("OOMKilled", 137), (ended.Status.ContainerStatuses[0].State.Terminated.Reason, ended.Status.ContainerStatuses[0].State.Terminated.ExitCode));
        foreach (var pod in (V1Pod[])[usual, light, greedy])
        {
            await host.RemoveAsync(pod);
        }
    }

    private static Task<V1Pod> ReadyAsync(AgentHost host, V1Pod pod) => host.UntilAsync(pod, current => current.Status?.ContainerStatuses?[0].Ready == true);

    private bool IsOfCrun(V1Pod pod) =>
        Directory.Exists(Path.Combine(node.Options.RunDirectory, "containerd", "crun", "k8s.io", pod.Status.ContainerStatuses[0].ContainerID["containerd://".Length..]));
}
