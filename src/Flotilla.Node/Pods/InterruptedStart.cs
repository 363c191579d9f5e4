using Flotilla.Linux.Cri;

namespace Flotilla.Node.Pods;

/// <summary>
/// An agent that dies while the runtime starts a container takes the start with it. The container never ran, through no
/// fault of its own: it counts as if it had not been made.
/// </summary>
internal static class InterruptedStart
{
    private const string Reason = "StartError";
    private const string Cause = "context canceled";

    public static bool Is(ContainerStatus status) =>
        status.State == ContainerState.ContainerExited && status.Reason == Reason && status.Message.Contains(Cause, StringComparison.Ordinal);
}
