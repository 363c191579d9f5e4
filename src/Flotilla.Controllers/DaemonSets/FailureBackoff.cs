namespace Flotilla.Controllers.DaemonSets;

/// <summary>
/// Where pods fail one after the other they are replaced after a second, then two, four and so on up to a quarter of an
/// hour: a node that refuses a pod would refuse the next one just as fast.
/// </summary>
internal sealed class FailureBackoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Last = TimeSpan.FromMinutes(15);

    private readonly Lock gate = new();
    private readonly Dictionary<string, (TimeSpan Delay, long Since)> failures = new(StringComparer.Ordinal);

    /// <summary>Whether what failed there is not replaced yet.</summary>
    public bool IsHeld(string key)
    {
        lock (gate)
        {
            return failures.TryGetValue(key, out var failure) && time.GetElapsedTime(failure.Since) < failure.Delay;
        }
    }

    public void Failed(string key)
    {
        lock (gate)
        {
            foreach (var (old, _) in failures.Where(pair => time.GetElapsedTime(pair.Value.Since) > 2 * Last).ToList())
            {
                failures.Remove(old);
            }

            var delay = failures.TryGetValue(key, out var known) && time.GetElapsedTime(known.Since) < 2 * Last ? 2 * known.Delay : First;
            failures[key] = (delay < Last ? delay : Last, time.GetTimestamp());
        }
    }
}
