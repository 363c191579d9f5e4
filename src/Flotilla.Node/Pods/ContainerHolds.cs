using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>
/// Which containers of one pod may not be started yet, and the waiting state each shows meanwhile.
/// The first restart after an exit is free; then waits double, until a container has run for ten minutes.
/// </summary>
internal sealed class ContainerHolds(TimeProvider time)
{
    private static readonly TimeSpan LongRun = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShowExit = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, Hold> holds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Container, BackOff Wait)> crashes = new(StringComparer.Ordinal);

    /// <param name="Before">What shows until <paramref name="ShownFrom"/>: how the container ended must be seen, too.</param>
    private sealed record Hold(DateTimeOffset Until, V1ContainerStateWaiting? State, string? Sandbox = null, DateTimeOffset ShownFrom = default, V1ContainerStateWaiting? Before = null);

    public bool IsHeld(string container) => holds.TryGetValue(container, out var hold) && hold.Until > time.GetUtcNow();

    public V1ContainerStateWaiting? State(string container) =>
        holds.GetValueOrDefault(container) is { } hold ? (hold.ShownFrom <= time.GetUtcNow() ? hold.State : hold.Before) : null;

    /// <summary>The first time after a given one when a hold ends or shows: one that has passed since calls for a look, too.</summary>
    public DateTimeOffset? NextEnd(DateTimeOffset since) =>
        holds.Values.SelectMany(hold => (DateTimeOffset[])[hold.Until, hold.ShownFrom]).Where(end => end > since).Select(end => (DateTimeOffset?)end).Min();

    /// <param name="sandbox">Where the start failed, if that may be why; null: the wait holds in every sandbox.</param>
    public void Set(string container, TimeSpan wait, string reason, string? message, string? sandbox = null) =>
        holds[container] = new Hold(time.GetUtcNow() + wait, new V1ContainerStateWaiting { Reason = reason, Message = message }, sandbox);

    /// <summary>A start that failed in a sandbox which was about to be lost says nothing about the container.</summary>
    public void LoseSandbox(string sandbox)
    {
        foreach (var container in holds.Where(hold => hold.Value.Sandbox == sandbox).Select(hold => hold.Key).ToList())
        {
            holds.Remove(container);
        }
    }

    public void Clear(string container) => holds.Remove(container);

    /// <summary>Accounts for an exit that calls for a restart, once.</summary>
    /// <returns>The wait, when there is one and it is news.</returns>
    public TimeSpan? AfterExit(V1Pod pod, ObservedContainer exited)
    {
        if (crashes.TryGetValue(exited.Name, out var known) && known.Container == exited.Id)
        {
            return null;
        }
        var wait = known.Wait ?? BackOff.After(pod, exited.Attempt);

        // One that never started says so with the beginning of time, and has not run for long.
        if (exited.StartedAt > DateTimeOffset.UnixEpoch && exited.FinishedAt - exited.StartedAt > LongRun)
        {
            wait.Reset();
        }
        var delay = wait.Delay;
        wait.Grow();
        crashes[exited.Name] = (exited.Id, wait);
        var until = exited.FinishedAt + delay;
        if (until <= time.GetUtcNow())
        {
            return null;
        }
        var message = FormattableString.Invariant(
            $"back-off {Go.Duration(delay)} restarting failed container={exited.Name} pod={pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})");
        holds[exited.Name] = new Hold(
            until, new V1ContainerStateWaiting { Reason = "CrashLoopBackOff", Message = message }, ShownFrom: time.GetUtcNow() + ShowExit, Before: holds.GetValueOrDefault(exited.Name)?.State);
        return delay;
    }
}
