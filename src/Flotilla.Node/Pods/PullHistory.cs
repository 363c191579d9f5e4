namespace Flotilla.Node.Pods;

/// <summary>What happened to one pod's pulls.</summary>
internal sealed class PullHistory
{
    private readonly Dictionary<string, (BackOff Wait, string Error, DateTimeOffset Until)> failures = new(StringComparer.Ordinal);

    public TimeSpan? WaitFor(string image, DateTimeOffset now) =>
        failures.TryGetValue(image, out var failure) && failure.Until > now ? failure.Until - now : null;

    public string LastError(string image) => failures[image].Error;

    public void Failed(string image, string error, DateTimeOffset now)
    {
        var wait = failures.TryGetValue(image, out var known) ? known.Wait : new BackOff(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));
        wait.Grow();
        failures[image] = (wait, error, now + wait.Delay);
    }

    public void Succeeded(string image) => failures.Remove(image);
}
