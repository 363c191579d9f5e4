using Flotilla.Linux.Cri;

namespace Flotilla.Node.Pods;

/// <summary>What the runtime holds of one pod at one moment, newest first.</summary>
internal sealed record ObservedPod(IReadOnlyList<PodSandbox> Sandboxes, IReadOnlyList<ObservedContainer> Containers, IReadOnlyList<string> Ips)
{
    /// <summary>The first of its addresses; null: it has none (yet).</summary>
    public string? Ip => Ips.Count > 0 ? Ips[0] : null;

    /// <summary>Containers that count as never made: see <see cref="InterruptedStart"/>.</summary>
    public IReadOnlyList<string> Interrupted { get; init; } = [];

    public PodSandbox? Sandbox => Sandboxes.Count > 0 ? Sandboxes[0] : null;

    public bool IsSandboxReady => Sandbox is { State: PodSandboxState.SandboxReady };

    public IEnumerable<ObservedContainer> Running => Containers.Where(container => container.IsRunning);

    public IEnumerable<ObservedContainer> Named(string name) => Containers.Where(container => container.Name == name);

    public ObservedContainer? Latest(string name) => Containers.FirstOrDefault(container => container.Name == name);

    /// <summary>The newest in the sandbox that is in use: what ran in an earlier one says nothing about initialization.</summary>
    public ObservedContainer? InSandbox(string name) =>
        Containers.FirstOrDefault(container => container.Name == name && container.SandboxId == Sandbox?.Id);
}

internal sealed record ObservedContainer(string Id, string SandboxId, string Name, uint Attempt, ContainerStatus Status, string? TerminationMessage)
{
    private const string OutOfMemory = "OOMKilled";
    private const int Killed = 137;
    private static readonly TimeSpan TimeToSettle = TimeSpan.FromSeconds(10);

    public bool IsRunning => Status.State == ContainerState.ContainerRunning;

    /// <summary>Whether it may still turn out that memory ran out: runtime and kernel tell that apart from the end.</summary>
    public bool IsUnsettled(DateTimeOffset now) => IsExited && Status.ExitCode == Killed && Status.Reason != OutOfMemory && now - FinishedAt < TimeToSettle;

    /// <summary>When the kernel has killed one of its processes for that.</summary>
    public ObservedContainer ForLackOfMemory() => IsExited && Status.ExitCode == Killed ? this with { Status = new ContainerStatus(Status) { Reason = OutOfMemory } } : this;

    public bool IsExited => Status.State == ContainerState.ContainerExited;

    public DateTimeOffset FinishedAt => DateTimeOffset.UnixEpoch.AddTicks(Status.FinishedAt / 100);

    public DateTimeOffset StartedAt => DateTimeOffset.UnixEpoch.AddTicks(Status.StartedAt / 100);
}
