using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class ContainerStatusBuilderTests
{
    private static readonly V1Container Container = new() { Name = "c", Image = "busybox" };

    [Fact]
    public void A_container_the_runtime_has_lost_counts_once_and_its_end_is_unknown()
    {
        var before = new V1ContainerStatus
        {
            Name = "c", ContainerID = "containerd://old", RestartCount = 2,
            State = new V1ContainerState { Running = new V1ContainerStateRunning() },
        };
        var lost = For(before);
        Assert.Equal(3, lost.RestartCount);
        Assert.Equal("ContainerCreating", lost.State.Waiting.Reason);
        Assert.Equal(("ContainerStatusUnknown", 137), (lost.LastState.Terminated.Reason, lost.LastState.Terminated.ExitCode));

        var again = For(lost);
        Assert.Equal(3, again.RestartCount);
        Assert.Equal(137, again.LastState.Terminated.ExitCode);

        var started = For(again, new ObservedContainer("new", "s", "c", 3, new ContainerStatus { State = ContainerState.ContainerRunning }, null));
        Assert.Equal(3, started.RestartCount);
        Assert.Equal("ContainerStatusUnknown", started.LastState.Terminated.Reason);
    }

    [Fact]
    public void How_a_lost_container_ended_stays_told_when_it_was_known()
    {
        var before = new V1ContainerStatus
        {
            Name = "c", ContainerID = "containerd://old",
            State = new V1ContainerState { Terminated = new V1ContainerStateTerminated { ExitCode = 3, Reason = "Error" } },
        };
        Assert.Equal(3, For(before).LastState.Terminated.ExitCode);
        Assert.Equal(1, For(before).RestartCount);
    }

    [Fact]
    public void A_container_that_never_ran_was_not_lost()
    {
        var status = For(new V1ContainerStatus { Name = "c", State = new V1ContainerState { Waiting = new V1ContainerStateWaiting() } });
        Assert.Equal(0, status.RestartCount);
        Assert.Null(status.LastState.Terminated);
    }

    private static V1ContainerStatus For(V1ContainerStatus previous, params ObservedContainer[] observed)
    {
        var pod = new V1Pod { Metadata = new V1ObjectMeta { Name = "p" }, Spec = new V1PodSpec { RestartPolicy = "Always", Containers = [Container] } };
        return ContainerStatusBuilder.For(
            new StatusInput(
                pod, new V1PodStatus { Phase = "Running", ContainerStatuses = [previous] }, new ObservedPod([], observed, []),
                (_, _) => true, (_, _) => true, _ => null, ["192.0.2.1"], null, false, DateTime.UnixEpoch),
            Container);
    }
}
