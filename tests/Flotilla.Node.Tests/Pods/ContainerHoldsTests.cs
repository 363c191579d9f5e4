using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Pods;

public sealed class ContainerHoldsTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddDays(1));
    private readonly V1Pod pod = new() { Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Uid = "u" } };

    [Fact]
    public void The_first_restart_is_free_and_then_waits_double_up_to_five_minutes()
    {
        var holds = new ContainerHolds(time);
        var waits = new List<double?>();
        for (uint attempt = 0; attempt < 8; attempt++)
        {
            var wait = holds.AfterExit(pod, Exit(attempt, TimeSpan.FromSeconds(1)));
            waits.Add(wait?.TotalSeconds);
            time.Advance(wait ?? TimeSpan.Zero);
            Assert.False(holds.IsHeld("c"));
        }
        Assert.Equal([null, 10, 20, 40, 80, 160, 300, 300], waits);
    }

    [Fact]
    public void An_exit_counts_once()
    {
        var holds = new ContainerHolds(time);
        var exit = Exit(1, TimeSpan.FromSeconds(1));
        Assert.NotNull(holds.AfterExit(pod, exit));
        Assert.Null(holds.AfterExit(pod, exit));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("back-off 10s restarting failed container=c pod=p_ns(u)", holds.State("c")!.Message);
        Assert.Equal(time.GetUtcNow().AddSeconds(9), holds.NextEnd(time.GetUtcNow()));
    }

    [Fact]
    public void How_a_container_ended_shows_before_the_wait()
    {
        var (holds, start) = (new ContainerHolds(time), time.GetUtcNow());
        holds.AfterExit(pod, Exit(1, TimeSpan.FromSeconds(1)));
        Assert.True(holds.IsHeld("c"));
        Assert.Null(holds.State("c"));
        Assert.Equal(start.AddSeconds(1), holds.NextEnd(start));
        time.Advance(TimeSpan.FromSeconds(10));
        holds.Set("c", TimeSpan.FromSeconds(10), "RunContainerError", "no such file");
        holds.AfterExit(pod, Exit(2, TimeSpan.FromSeconds(1)));
        Assert.Equal("RunContainerError", holds.State("c")!.Reason);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CrashLoopBackOff", holds.State("c")!.Reason);
    }

    [Fact]
    public void A_long_run_is_forgiven()
    {
        var holds = new ContainerHolds(time);
        holds.AfterExit(pod, Exit(3, TimeSpan.FromSeconds(1)));
        Assert.Null(holds.AfterExit(pod, Exit(4, TimeSpan.FromMinutes(11))));
    }

    [Fact]
    public void One_that_never_started_has_not_run_for_long()
    {
        var holds = new ContainerHolds(time);
        holds.AfterExit(pod, Exit(0, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromSeconds(10), holds.AfterExit(pod, Exit(1, time.GetUtcNow() - DateTimeOffset.UnixEpoch)));
    }

    [Fact]
    public void A_start_that_failed_in_a_lost_sandbox_is_tried_again_at_once()
    {
        var holds = new ContainerHolds(time);
        holds.Set("c", TimeSpan.FromSeconds(10), "CreateContainerError", "no running task found", sandbox: "old");
        holds.Set("pull", TimeSpan.FromSeconds(10), "ErrImagePull", "no such image");
        holds.LoseSandbox("other");
        Assert.True(holds.IsHeld("c"));
        holds.LoseSandbox("old");
        Assert.False(holds.IsHeld("c"));
        Assert.True(holds.IsHeld("pull"));
    }

    private ObservedContainer Exit(uint attempt, TimeSpan ran)
    {
        var end = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        return new ObservedContainer($"id{attempt}", "s", "c", attempt, new ContainerStatus
        {
            State = ContainerState.ContainerExited, ExitCode = 1, FinishedAt = end, StartedAt = end - (ran.Ticks * 100),
        }, null);
    }

    [Fact]
    public void An_end_between_the_look_and_the_wait_is_not_missed()
    {
        var (holds, looked) = (new ContainerHolds(time), time.GetUtcNow());
        holds.Set("late", TimeSpan.FromSeconds(1), "CrashLoopBackOff", null);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(looked.AddSeconds(1), holds.NextEnd(looked));
        Assert.Null(holds.NextEnd(time.GetUtcNow()));
    }
}
