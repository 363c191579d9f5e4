using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class PodAddressesTests
{
    private static readonly string[] Both = ["10.244.0.5", "fd00:10:244::5"];

    [Theory]
    [InlineData("192.0.2.1", "10.244.0.5 fd00:10:244::5")]
    [InlineData("2001:db8::1", "fd00:10:244::5 10.244.0.5")]
    public void The_family_of_the_nodes_first_address_comes_first(string node, string expected)
    {
        var network = new PodSandboxNetworkStatus { Ip = Both[0], AdditionalIps = { new PodIP { Ip = Both[1] } } };
        Assert.Equal(expected, string.Join(' ', PodAddresses.For(network, [node])));
    }

    [Fact]
    public void A_sandbox_without_a_network_has_none()
    {
        Assert.Empty(PodAddresses.For(null, ["192.0.2.1"]));
        Assert.Empty(PodAddresses.For(new PodSandboxNetworkStatus(), ["192.0.2.1"]));
    }

    [Fact]
    public void The_hosts_file_has_a_line_for_each()
    {
        var text = HostsFile.For(Pod(), Both, "cluster.local", "");
        Assert.Contains("10.244.0.5\tp.sub.default.svc.cluster.local\tp\nfd00:10:244::5\tp.sub.default.svc.cluster.local\tp\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "10.244.0.5 fd00:10:244::5")]
    [InlineData(true, "192.0.2.1 2001:db8::1")]
    public void The_status_tells_the_pods_own_addresses_or_those_of_its_node(bool isHostNetwork, string expected)
    {
        var pod = Pod();
        pod.Spec.HostNetwork = isHostNetwork;
        var status = Status(pod, new V1PodStatus(), new ObservedPod([new PodSandbox { Id = "s" }], [], isHostNetwork ? [] : Both));

        Assert.Equal(expected, string.Join(' ', status.PodIPs.Select(one => one.Ip)));
        Assert.Equal(status.PodIP, status.PodIPs[0].Ip);
        Assert.Equal("192.0.2.1", status.HostIP);
        Assert.Equal(["192.0.2.1", "2001:db8::1"], status.HostIPs.Select(one => one.Ip));

        // What it had is told also when its network is gone.
        Assert.Equal(status.PodIPs, Status(pod, status, new ObservedPod([], [], [])).PodIPs);
    }

    private static V1PodStatus Status(V1Pod pod, V1PodStatus previous, ObservedPod observed) => PodStatusBuilder.For(new StatusInput(
        pod, previous, observed, (_, _) => true, (_, _) => true, _ => null, ["192.0.2.1", "2001:db8::1"], null, false, DateTime.UnixEpoch));

    private static V1Pod Pod() => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default" },
        Spec = new V1PodSpec { Subdomain = "sub", Containers = [new V1Container { Name = "c" }] },
    };
}
