using Flotilla.Scheduler.Explaining;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Explaining;

public sealed class BoundPodTests
{
    [Fact]
    public void An_image_that_cannot_be_pulled_is_named()
    {
        var why = Explain(status => status.ContainerStatuses = [new V1ContainerStatus
        {
            Name = "web", State = new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = "ImagePullBackOff", Message = "Back-off" } },
        }]);

        Assert.Equal("It is bound on a but does not run: container web: ImagePullBackOff.", why.Summary);
        Assert.Equal(("container web", "ImagePullBackOff", "Back-off"), (why.Causes[0].What, why.Causes[0].Reason, why.Causes[0].Message));
    }

    [Fact]
    public void A_crash_tells_how_it_ended()
    {
        var why = Explain(status => status.ContainerStatuses = [new V1ContainerStatus
        {
            Name = "web",
            State = new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = "CrashLoopBackOff", Message = "back-off 10s" } },
            LastState = new V1ContainerState { Terminated = new V1ContainerStateTerminated { ExitCode = 137, Reason = "OOMKilled" } },
        }]);

        Assert.Equal(["CrashLoopBackOff", "OOMKilled"], why.Causes.Select(cause => cause.Reason));
        Assert.Equal("ended with exit code 137", why.Causes[1].Message);
    }

    [Fact]
    public void A_volume_and_a_probe_are_told_from_events()
    {
        var why = Explain(
            status => status.Phase = "Pending",
            Warning("FailedMount", "MountVolume.SetUp failed for volume \"v\""),
            Warning("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500"));

        Assert.Equal([("volume", "FailedMount"), ("probe", "Unhealthy")], why.Causes.Select(cause => (cause.What, cause.Reason)));
    }

    [Fact]
    public void A_running_pod_that_is_not_ready_says_which_probe_it_waits_for()
    {
        var why = Explain(status =>
        {
            status.Phase = "Running";
            status.ContainerStatuses = [new V1ContainerStatus { Name = "web", Started = true, State = new V1ContainerState { Running = new V1ContainerStateRunning() } }];
        });

        Assert.Equal("It runs on a but is not ready: container web: not ready.", why.Summary);
    }

    private static Client.Explanations.PodExplanation Explain(Action<V1PodStatus> with, params Corev1Event[] events)
    {
        var pod = Given.Pod("p", with: pod => pod.Spec.NodeName = "a");
        pod.Status.Phase = "Pending";
        with(pod.Status);
        return BoundPod.Explain(pod, events);
    }

    private static Corev1Event Warning(string reason, string message) => new()
    {
        Type = "Warning", Reason = reason, Message = message, InvolvedObject = new V1ObjectReference(), LastTimestamp = reason == "FailedMount" ? DateTime.UnixEpoch.AddDays(1) : DateTime.UnixEpoch,
    };
}
