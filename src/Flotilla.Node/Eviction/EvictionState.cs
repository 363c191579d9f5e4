using Flotilla.Node.Status;

namespace Flotilla.Node.Eviction;

/// <summary>A threshold that is crossed.</summary>
internal sealed record Shortage(EvictionThreshold Threshold, SignalReading Reading);

/// <summary>
/// Remembers since when which threshold is crossed, and how long ago the last was: pressure is told until it has been
/// gone for a while. One thread.
/// </summary>
internal sealed class EvictionState(IReadOnlyList<EvictionThreshold> thresholds, TimeSpan calm)
{
    private readonly Dictionary<EvictionThreshold, DateTimeOffset> since = [];
    private readonly Dictionary<EvictionSignal, DateTimeOffset> lastSeen = [];

    public NodePressure Pressure { get; private set; }

    /// <returns>The shortages that call for something to be done now, the gravest first.</returns>
    public IReadOnlyList<Shortage> Observe(IReadOnlyDictionary<EvictionSignal, SignalReading> readings, DateTimeOffset now)
    {
        var crossed = thresholds
            .Where(threshold => readings.TryGetValue(threshold.Signal, out var reading) && reading.Capacity > 0 && reading.Available < threshold.LeastOf(reading.Capacity))
            .ToList();
        foreach (var threshold in thresholds)
        {
            if (crossed.Contains(threshold))
            {
                since.TryAdd(threshold, now);
                lastSeen[threshold.Signal] = now;
            }
            else
            {
                since.Remove(threshold);
            }
        }
        var pressing = lastSeen.Where(pair => now - pair.Value < calm || crossed.Exists(threshold => threshold.Signal == pair.Key)).Select(pair => pair.Key).ToHashSet();
        Pressure = new NodePressure(
            pressing.Contains(EvictionSignal.MemoryAvailable),
            pressing.Overlaps([EvictionSignal.NodeDiskAvailable, EvictionSignal.NodeFilesFree, EvictionSignal.ImageDiskAvailable, EvictionSignal.ImageFilesFree]),
            pressing.Contains(EvictionSignal.ProcessesAvailable));
        return
        [
            .. crossed.Where(threshold => now - since[threshold] >= threshold.Patience)
                .OrderBy(threshold => threshold.Signal)
                .ThenBy(threshold => threshold.Patience)
                .Select(threshold => new Shortage(threshold, readings[threshold.Signal])),
        ];
    }
}
