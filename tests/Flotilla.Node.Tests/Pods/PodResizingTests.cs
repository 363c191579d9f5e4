using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class PodResizingTests
{
    private readonly PodResizing resizing = new();

    [Fact]
    public void Nothing_happens_as_long_as_a_container_has_what_it_asks_for()
    {
        var container = Container("100m", "64Mi");
        Assert.Equal(ResizeKind.None, resizing.KindOf(container, Running(container)));
        Assert.Equal(ResizeKind.None, resizing.KindOf(Container("0.1", "65536Ki"), Running(container)));
    }

    [Fact]
    public void A_change_is_made_in_place_once()
    {
        var running = Running(Container("100m", "64Mi"));
        var wanted = Container("200m", "64Mi");
        Assert.Equal(ResizeKind.InPlace, resizing.KindOf(wanted, running));
        resizing.Gave(running, wanted.Resources);
        Assert.Equal(ResizeKind.None, resizing.KindOf(wanted, running));
        Assert.Equal("200m", resizing.InForce(wanted, running)!.Requests["cpu"].ToString());
    }

    [Fact]
    public void A_resource_may_ask_for_a_restart()
    {
        var running = Running(Container("100m", "64Mi"));
        List<V1ContainerResizePolicy> policy = [new() { ResourceName = "memory", RestartPolicy = "RestartContainer" }, new() { ResourceName = "cpu", RestartPolicy = "NotRequired" }];
        var more = Container("100m", "128Mi") with { ResizePolicy = policy };
        var faster = Container("200m", "64Mi") with { ResizePolicy = policy };
        Assert.Equal(ResizeKind.Restart, resizing.KindOf(more, running));
        Assert.Equal(ResizeKind.InPlace, resizing.KindOf(faster, running));
    }

    private static V1Container Container(string cpu, string memory) => new()
    {
        Name = "c",
        Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu), ["memory"] = new(memory) } },
    };

    private static ObservedContainer Running(V1Container container)
    {
        var status = new ContainerStatus { State = ContainerState.ContainerRunning };
        status.Annotations[RuntimeLabels.Resources] = PodResizing.Describe(container);
        return new ObservedContainer("id", "s", "c", 0, status, null);
    }
}
