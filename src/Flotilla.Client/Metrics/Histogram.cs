using System.Collections.Concurrent;
using System.Globalization;

namespace Flotilla.Client.Metrics;

/// <summary>A family of distributions, one for each combination of labels. Any thread may observe.</summary>
/// <param name="bounds">The upper bounds of the buckets, ascending; one without bound is added.</param>
public sealed class Histogram(string name, string help, IReadOnlyList<double> bounds, params IReadOnlyList<string> labels)
{
    private readonly ConcurrentDictionary<LabelValues, Series> series = new();

    /// <summary><paramref name="count"/> bounds, each so many times the one before.</summary>
    public static double[] Exponential(double first, double factor, int count) =>
        [.. Enumerable.Range(0, count).Select(i => first * Math.Pow(factor, i))];

    public void Observe(LabelValues values, double value)
    {
        var one = series.GetOrAdd(values, static (_, buckets) => new Series(buckets), bounds.Count + 1);
        var bucket = 0;
        while (bucket < bounds.Count && value > bounds[bucket])
        {
            bucket++;
        }

        one.Add(bucket, value);
    }

    public void Write(MetricsText text)
    {
        text.Family(name, "histogram", help);
        foreach (var (values, one) in series)
        {
            var named = values.Named(labels);
            var (counts, sum) = one.Read();
            long below = 0;
            for (var i = 0; i < counts.Length; i++)
            {
                below += counts[i];
                var bound = i < bounds.Count ? bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                text.Sample(name + "_bucket", below, [.. named, ("le", bound)]);
            }

            text.Sample(name + "_sum", sum, named);
            text.Sample(name + "_count", below, named);
        }
    }

    private sealed class Series(int buckets)
    {
        private readonly Lock gate = new();
        private readonly long[] counts = new long[buckets];
        private double sum;

        public void Add(int bucket, double value)
        {
            lock (gate)
            {
                counts[bucket]++;
                sum += value;
            }
        }

        public (long[] Counts, double Sum) Read()
        {
            lock (gate)
            {
                return ([.. counts], sum);
            }
        }
    }
}
