using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>Counts of requests by verb, resource and code, and how long they took, in the Prometheus text format.</summary>
public sealed class RequestMetrics
{
    private const int MaxSeries = 4096;
    private static readonly double[] BucketSeconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
    private readonly ConcurrentDictionary<(string Verb, string Resource, int Code), Series> series = new();

    public void Record(string verb, string resource, int code, TimeSpan duration)
    {
        if (series.Count < MaxSeries || series.ContainsKey((verb, resource, code)))
        {
            series.GetOrAdd((verb, resource, code), _ => new Series()).Add(duration.TotalSeconds);
        }
    }

    public string Render(Revision revision, TimeSpan uptime)
    {
        var text = new StringBuilder();
        text.Append("# HELP apiserver_request_total Requests by verb, resource and HTTP code.\n# TYPE apiserver_request_total counter\n");
        foreach (var ((verb, resource, code), counts) in series)
        {
            text.Append(CultureInfo.InvariantCulture, $"apiserver_request_total{{verb=\"{verb}\",resource=\"{resource}\",code=\"{code}\"}} {counts.Count}\n");
        }

        text.Append("# HELP apiserver_request_duration_seconds Time to answer, in seconds.\n# TYPE apiserver_request_duration_seconds histogram\n");
        foreach (var group in series.GroupBy(pair => (pair.Key.Verb, pair.Key.Resource)))
        {
            var labels = $"verb=\"{group.Key.Verb}\",resource=\"{group.Key.Resource}\"";
            for (var i = 0; i < BucketSeconds.Length; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_bucket{{{labels},le=\"{BucketSeconds[i]}\"}} {group.Sum(pair => pair.Value.UpTo(i))}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {group.Sum(pair => pair.Value.Count)}\n");
            text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_sum{{{labels}}} {group.Sum(pair => pair.Value.Seconds)}\n");
            text.Append(CultureInfo.InvariantCulture, $"apiserver_request_duration_seconds_count{{{labels}}} {group.Sum(pair => pair.Value.Count)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"# TYPE apiserver_storage_revision gauge\napiserver_storage_revision {revision.Value}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE process_uptime_seconds gauge\nprocess_uptime_seconds {uptime.TotalSeconds}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE dotnet_gc_pause_seconds_total counter\ndotnet_gc_pause_seconds_total {GC.GetTotalPauseDuration().TotalSeconds}\n");
        text.Append("# TYPE dotnet_gc_collections_total counter\n");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Append(CultureInfo.InvariantCulture, $"dotnet_gc_collections_total{{generation=\"{generation}\"}} {GC.CollectionCount(generation)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {Environment.WorkingSet}\n");
        return text.ToString();
    }

    private sealed class Series
    {
        private readonly long[] buckets = new long[BucketSeconds.Length];
        private readonly Lock gate = new();

        public long Count { get; private set; }

        public double Seconds { get; private set; }

        public void Add(double seconds)
        {
            lock (gate)
            {
                Count++;
                Seconds += seconds;
                for (var i = 0; i < buckets.Length; i++)
                {
                    if (seconds <= BucketSeconds[i])
                    {
                        buckets[i]++;
                    }
                }
            }
        }

        public long UpTo(int bucket)
        {
            lock (gate)
            {
                return buckets[bucket];
            }
        }
    }
}
