using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Observing;

/// <summary>Requests and how long they took, by route and status, as Prometheus reads them. Hosts are those of rules: clients cannot add series.</summary>
public sealed class IngressMetrics
{
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

    public string Render()
    {
        var text = new StringBuilder();
        text.Append("# HELP flotilla_ingress_requests_total Requests answered, by route, host of the rule and status.\n# TYPE flotilla_ingress_requests_total counter\n");
        foreach (var (key, one) in series)
        {
            text.Append(CultureInfo.InvariantCulture, $"flotilla_ingress_requests_total{{{Labels(key)}}} {one.Count}\n");
        }

        text.Append("# HELP flotilla_ingress_request_duration_seconds From the request to the end of the answer.\n# TYPE flotilla_ingress_request_duration_seconds histogram\n");
        foreach (var (key, one) in series)
        {
            one.Render(text, Labels(key));
        }

        return text.ToString();
    }

    private static string Labels((string Kind, string Namespace, string Name, string Host, int Status) key) =>
        string.Create(CultureInfo.InvariantCulture, $"kind=\"{key.Kind}\",namespace=\"{key.Namespace}\",name=\"{key.Name}\",host=\"{key.Host}\",status=\"{key.Status}\"");

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

        public void Render(StringBuilder text, string labels)
        {
            long sum = 0;
            for (var i = 0; i < BucketSeconds.Length; i++)
            {
                sum += Volatile.Read(ref buckets[i]);
                text.Append(CultureInfo.InvariantCulture, $"flotilla_ingress_request_duration_seconds_bucket{{{labels},le=\"{BucketSeconds[i]}\"}} {sum}\n");
            }

            sum += Volatile.Read(ref buckets[^1]);
            text.Append(CultureInfo.InvariantCulture, $"flotilla_ingress_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {sum}\n");
            text.Append(CultureInfo.InvariantCulture, $"flotilla_ingress_request_duration_seconds_sum{{{labels}}} {TimeSpan.FromTicks(Volatile.Read(ref ticks)).TotalSeconds}\n");
            text.Append(CultureInfo.InvariantCulture, $"flotilla_ingress_request_duration_seconds_count{{{labels}}} {sum}\n");
        }
    }
}
