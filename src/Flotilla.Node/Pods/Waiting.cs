namespace Flotilla.Node.Pods;

/// <summary>Timers end at 49 days, fields of a pod may say decades.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    public static TimeSpan Bounded(TimeSpan wait) => wait < Longest ? wait : Longest;
}
