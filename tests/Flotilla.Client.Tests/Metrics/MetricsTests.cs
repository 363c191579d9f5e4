using Flotilla.Client.Metrics;

namespace Flotilla.Client.Tests.Metrics;

public sealed class MetricsTests
{
    [Fact]
    public void A_histogram_counts_in_every_bucket_that_is_high_enough()
    {
        var histogram = new Histogram("took_seconds", "How long.", Histogram.Exponential(0.5, 2, 2), "result");
        foreach (var seconds in (double[])[0.25, 0.5, 0.75, 2])
        {
            histogram.Observe(new LabelValues("good"), seconds);
        }

        var text = new MetricsText();
        histogram.Write(text);

        Assert.Equal(
            """
            # HELP took_seconds How long.
            # TYPE took_seconds histogram
            took_seconds_bucket{result="good",le="0.5"} 2
            took_seconds_bucket{result="good",le="1"} 3
            took_seconds_bucket{result="good",le="+Inf"} 4
            took_seconds_sum{result="good"} 3.5
            took_seconds_count{result="good"} 4

            """,
            text.ToString());
    }

    [Fact]
    public void A_counter_counts_each_combination_of_labels_by_itself()
    {
        var counter = new Counter("seen_total", "How many.", "verb", "code");
        counter.Add(new LabelValues("get", "200"));
        counter.Add(new LabelValues("get", "200"));
        counter.Add(new LabelValues("get", "404"));

        var text = new MetricsText();
        counter.Write(text);

        Assert.Equal(
            ["seen_total{verb=\"get\",code=\"200\"} 2", "seen_total{verb=\"get\",code=\"404\"} 1"],
            text.ToString().Split('\n').Where(line => line.StartsWith("seen", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }
}
