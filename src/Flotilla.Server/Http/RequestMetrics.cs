using System.Globalization;
using Flotilla.Client.Metrics;

namespace Flotilla.Server.Http;

/// <summary>Counts of requests by verb, resource and code, and how long they took.</summary>
public sealed class RequestMetrics
{
    private const int MaxSeries = 4096;

    private readonly Counter requests = new("apiserver_request_total", "Requests by verb, resource and HTTP code.", "verb", "resource", "code");
    private readonly Histogram durations = new(
        "apiserver_request_duration_seconds", "Time to answer, in seconds.",
        [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0], "verb", "resource");

    public void Record(string verb, string resource, int code, TimeSpan duration)
    {
        var values = new LabelValues(verb, resource, code.ToString(CultureInfo.InvariantCulture));
        if (requests.Has(values) || requests.Count < MaxSeries)
        {
            requests.Add(values);
            durations.Observe(new LabelValues(verb, resource), duration.TotalSeconds);
        }
    }

    public void Write(MetricsText text)
    {
        requests.Write(text);
        durations.Write(text);
    }
}
