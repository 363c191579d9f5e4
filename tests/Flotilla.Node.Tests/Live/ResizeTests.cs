using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class ResizeTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task A_running_container_gets_more_without_a_restart()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("resize", spec => spec.Containers[0] = spec.Containers[0] with { Resources = Resources("100m", "64Mi") }, "sleep", "3600"));
        var before = (await host.UntilAsync(pod, current => current.Status?.Phase == "Running")).Status.ContainerStatuses[0];
        Assert.Equal("10000", Quota(before.ContainerID));
        var live = host.Get(pod)!;
        await host.Cluster.UpdateAsync(
            live with { Spec = live.Spec with { Containers = [live.Spec.Containers[0] with { Resources = Resources("200m", "96Mi") }] } }, CancellationToken.None);
        var after = (await host.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].Resources?.Limits?["cpu"].ToString() == "200m")).Status.ContainerStatuses[0];
        Assert.Equal((before.ContainerID, 0), (after.ContainerID, after.RestartCount));
        Assert.Equal("20000", Quota(after.ContainerID));
        Assert.Equal("96Mi", after.AllocatedResources["memory"].ToString());
        await host.RemoveAsync(pod);
    }

    private static V1ResourceRequirements Resources(string cpu, string memory)
    {
        Dictionary<string, ResourceQuantity> amounts = new() { ["cpu"] = new(cpu), ["memory"] = new(memory) };
        return new V1ResourceRequirements { Limits = amounts, Requests = amounts };
    }

    // Microseconds of each tenth of a second, as the kernel has them for the container.
    private static string Quota(string containerId)
    {
        var name = containerId["containerd://".Length..];
        var directory = Directory.EnumerateDirectories("/sys/fs/cgroup", "*" + name + "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .First(path => File.Exists(Path.Combine(path, "cpu.cfs_quota_us")) || File.Exists(Path.Combine(path, "cpu.max")));
        var old = Path.Combine(directory, "cpu.cfs_quota_us");
        return File.Exists(old) ? File.ReadAllText(old).Trim() : File.ReadAllText(Path.Combine(directory, "cpu.max")).Split(' ')[0];
    }
}
