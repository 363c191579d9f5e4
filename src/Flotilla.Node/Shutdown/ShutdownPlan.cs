namespace Flotilla.Node.Shutdown;

/// <param name="Least">The lowest priority of its pods.</param>
/// <param name="Grace">How long they have together.</param>
internal sealed record ShutdownGroup(long Least, TimeSpan Grace);

/// <summary>Who leaves when, as a machine goes down: pods that others rest on leave last. Pure.</summary>
internal static class ShutdownPlan
{
    /// <summary>From here on, pods are those of the system (upstream's <c>SystemCriticalPriority</c>).</summary>
    public const long SystemCritical = 2_000_000_000;

    /// <param name="whole">For all pods together.</param>
    /// <param name="critical">The part of it that only the system's pods have.</param>
    public static IReadOnlyList<ShutdownGroup> Groups(TimeSpan whole, TimeSpan critical) => [new(0, whole - critical), new(SystemCritical, critical)];

    /// <summary>The groups that have pods, in the order in which they leave; a pod of no group belongs to the lowest.</summary>
    public static IReadOnlyList<(ShutdownGroup Group, IReadOnlyList<T> Pods)> For<T>(IReadOnlyList<ShutdownGroup> groups, IEnumerable<T> pods, Func<T, long> priority)
    {
        var ordered = groups.OrderBy(group => group.Least).ToList();
        return [.. pods.GroupBy(pod => ordered.FindLastIndex(group => group.Least <= priority(pod)) is var at and >= 0 ? at : 0).OrderBy(members => members.Key)
            .Select(members => (ordered[members.Key], (IReadOnlyList<T>)[.. members]))];
    }
}
