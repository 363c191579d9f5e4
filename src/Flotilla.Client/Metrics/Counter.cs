using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Flotilla.Client.Metrics;

/// <summary>A family of counters, one for each combination of labels. Any thread may count.</summary>
public sealed class Counter(string name, string help, params IReadOnlyList<string> labels)
{
    private readonly ConcurrentDictionary<LabelValues, StrongBox<long>> series = new();

    public void Add(LabelValues values) => Interlocked.Increment(ref series.GetOrAdd(values, static _ => new StrongBox<long>()).Value);

    public bool Has(LabelValues values) => series.ContainsKey(values);

    /// <summary>Combinations of labels seen so far.</summary>
    public int Count => series.Count;

    public void Write(MetricsText text)
    {
        text.Family(name, "counter", help);
        foreach (var (values, count) in series)
        {
            text.Sample(name, Interlocked.Read(ref count.Value), values.Named(labels));
        }
    }
}
