using System.Collections.Concurrent;
using System.Globalization;
using Flotilla.Client.Metrics;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Observing;

/// <summary>Requests and how long they took, by route and status, as Prometheus reads them. Hosts are those of rules: clients cannot add series.</summary>
public sealed class IngressMetrics
{
    private const string Duration = "flotilla_ingress_request_duration_seconds";
    private const int MostSeries = 20_000;
    private static readonly double[] BucketSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private readonly ConcurrentDictionary<(string Kind, string Namespace, string Name, string Host, int Status), Series> series = new();

    internal void Record(RouteName? route, int status, TimeSpan took)
    {
        var key = route is null ? ("", "", "", "", status) : (route.Kind, route.Namespace, route.Name, route.Host, status);
        if (!series.TryGetValue(key, out var one))
        {
            if (series.Count >= MostSeries)
            {
                return;
            }

            one = series.GetOrAdd(key, static _ => new Series());
        }

        one.Add(took);
    }

    public void Write(MetricsText text)
    {
        text.Family("flotilla_ingress_requests_total", "counter", "Requests answered, by route, host of the rule and status.");
        foreach (var (key, one) in series)
        {
            text.Sample("flotilla_ingress_requests_total", one.Count, Labels(key));
        }

        text.Family(Duration, "histogram", "From the request to the end of the answer.");
        foreach (var (key, one) in series)
        {
            one.Write(text, Labels(key));
        }
    }

    private static (string, string)[] Labels((string Kind, string Namespace, string Name, string Host, int Status) key) =>
        [("kind", key.Kind), ("namespace", key.Namespace), ("name", key.Name), ("host", key.Host), ("status", key.Status.ToString(CultureInfo.InvariantCulture))];

    private sealed class Series
    {
        private readonly long[] buckets = new long[BucketSeconds.Length + 1];
        private long ticks;

        public long Count => buckets.Sum();

        public void Add(TimeSpan took)
        {
            var bucket = 0;
            while (bucket < BucketSeconds.Length && took.TotalSeconds > BucketSeconds[bucket])
            {
                bucket++;
            }

            Interlocked.Increment(ref buckets[bucket]);
            Interlocked.Add(ref ticks, took.Ticks);
        }

        public void Write(MetricsText text, (string, string)[] labels)
        {
            long sum = 0;
            for (var i = 0; i < BucketSeconds.Length; i++)
            {
                sum += Volatile.Read(ref buckets[i]);
                text.Sample(Duration + "_bucket", sum, [.. labels, ("le", BucketSeconds[i].ToString(CultureInfo.InvariantCulture))]);
            }

            sum += Volatile.Read(ref buckets[^1]);
            text.Sample(Duration + "_bucket", sum, [.. labels, ("le", "+Inf")]);
            text.Sample(Duration + "_sum", TimeSpan.FromTicks(Volatile.Read(ref ticks)).TotalSeconds, labels);
            text.Sample(Duration + "_count", sum, labels);
        }
    }
}
