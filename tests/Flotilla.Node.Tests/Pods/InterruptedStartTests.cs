using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Tests.Pods;

public sealed class InterruptedStartTests
{
    [Theory]
    [InlineData(ContainerState.ContainerExited, "StartError", "failed to start containerd task \"c\": context canceled: unknown", true)]
    [InlineData(ContainerState.ContainerExited, "StartError", "failed to create containerd task: exec: \"nope\": executable file not found in $PATH", false)]
    [InlineData(ContainerState.ContainerExited, "Error", "context canceled", false)]
    [InlineData(ContainerState.ContainerRunning, "", "", false)]
    public void A_start_that_ended_with_its_agent_is_told_from_one_that_failed(ContainerState state, string reason, string message, bool interrupted) =>
        Assert.Equal(interrupted, InterruptedStart.Is(new ContainerStatus { State = state, Reason = reason, Message = message }));
}
