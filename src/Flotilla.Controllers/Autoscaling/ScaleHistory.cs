namespace Flotilla.Controllers.Autoscaling;

/// <summary>What one autoscaler recommended and did lately. It is lost with the process, and made anew.</summary>
internal sealed class ScaleHistory(int current, DateTime now)
{
    // The longest window that the API admits.
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly List<(DateTime Time, int Replicas)> recommendations = [(now, current)];
    private readonly List<Rescale> rescales = [];

    public IReadOnlyCollection<Rescale> Rescales => rescales;

    public void Recommended(int replicas, DateTime time)
    {
        recommendations.RemoveAll(old => old.Time < time - Kept);
        recommendations.Add((time, replicas));
    }

    public void Rescaled(int change, DateTime time)
    {
        rescales.RemoveAll(old => old.Time < time - Kept);
        rescales.Add(new Rescale(time, change));
    }

    /// <summary>The recommendations of the last so many seconds, without their order.</summary>
    public IEnumerable<int> Within(int seconds, DateTime time) =>
        recommendations.Where(one => one.Time > time.AddSeconds(-seconds)).Select(one => one.Replicas);
}
