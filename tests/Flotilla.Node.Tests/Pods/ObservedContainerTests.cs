using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Tests.Pods;

public sealed class ObservedContainerTests
{
    private static readonly DateTimeOffset End = new(2026, 11, 30, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(137, "Error", 1, true)]
    [InlineData(137, "Error", 11, false)]
    [InlineData(137, "OOMKilled", 1, false)]
    [InlineData(1, "Error", 1, false)]
    [InlineData(0, "Completed", 1, false)]
    public void A_kill_may_turn_out_to_be_for_lack_of_memory_for_a_while(int exitCode, string reason, int secondsSince, bool isUnsettled) =>
        Assert.Equal(isUnsettled, Of(ContainerState.ContainerExited, exitCode, reason).IsUnsettled(End.AddSeconds(secondsSince)));

    [Fact]
    public void One_that_runs_has_no_reason_to_settle() => Assert.False(Of(ContainerState.ContainerRunning, 137, "").IsUnsettled(End));

    [Theory]
    [InlineData(137, "OOMKilled")]
    [InlineData(0, "Error")]
    public void The_kernels_word_counts_for_one_that_was_killed(int exitCode, string reason)
    {
        var seen = Of(ContainerState.ContainerExited, exitCode, "Error");
        Assert.Equal((reason, "Error"), (seen.ForLackOfMemory().Status.Reason, seen.Status.Reason));
    }

    private static ObservedContainer Of(ContainerState state, int exitCode, string reason) =>
        new("c", "s", "main", 0, new ContainerStatus { State = state, ExitCode = exitCode, Reason = reason, FinishedAt = End.ToUnixTimeMilliseconds() * 1_000_000 }, null);
}
