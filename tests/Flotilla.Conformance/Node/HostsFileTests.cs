using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>/etc/hosts of containers is the node's work, unless the pod mounts its own or uses the node's network.</summary>
public sealed class HostsFileTests(LiveCluster cluster)
{
    [Fact]
    public async Task Host_aliases_are_written()
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync(PodYaml.Once("aliases", "cat /etc/hosts", "", "hostAliases: [{ip: 123.45.67.89, hostnames: [foo, bar]}]"));
        Assert.Contains("123.45.67.89\tfoo\tbar", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_container_has_it_but_those_that_mount_their_own()
    {
        await using var space = await Space.CreateAsync(cluster);
        const string own = "volumeMounts: [{name: hosts, mountPath: /etc/hosts}]";
        await space.CreatePodAsync(PodYaml.For(
            "managed", $"{PodYaml.Container("main", "sleep 3600")}\n  - {PodYaml.Container("own", "sleep 3600", own)}", "volumes: [{name: hosts, hostPath: {path: /etc/hosts, type: File}}]"));
        await space.CreatePodAsync(PodYaml.Server("host", "", "hostNetwork: true"));
        var pod = await space.ReadyPodAsync("managed");
        var text = await space.ShellAsync("managed", "cat /etc/hosts");
        Assert.StartsWith("# Kubernetes-managed hosts file.", text, StringComparison.Ordinal);
        Assert.Contains($"{pod.Status.PodIP}\tmanaged", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Kubernetes-managed", await space.ShellAsync("managed", "cat /etc/hosts", "own"), StringComparison.Ordinal);
        await space.ReadyPodAsync("host");
        Assert.StartsWith("# Kubernetes-managed hosts file (host network).", await space.ShellAsync("host", "cat /etc/hosts"), StringComparison.Ordinal);
    }
}
