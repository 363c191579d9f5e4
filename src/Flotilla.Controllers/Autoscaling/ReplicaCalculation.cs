using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>How far a ratio of use to target may be from one before anything is scaled.</summary>
internal readonly record struct Tolerance(double Up, double Down)
{
    public bool Covers(double ratio) => ratio >= 1.0 - Down && ratio <= 1.0 + Up;
}

/// <param name="Replicas">How many there should be.</param>
/// <param name="MilliValue">The average, or the value, that was found.</param>
/// <param name="Utilization">In percent of the requests, where the target is such a percentage.</param>
internal readonly record struct Proposal(int Replicas, long MilliValue, int? Utilization = null);

/// <summary>From metrics to a number of replicas. Pure; bad figures throw <see cref="MetricException"/>.</summary>
/// <param name="Current">Replicas that the target's spec asks for.</param>
internal sealed record ReplicaCalculation(IReadOnlyCollection<V1Pod> Pods, int Current, Tolerance Tolerance, DateTime Now)
{
    /// <param name="target">In percent of the requests.</param>
    public Proposal ForUtilization(IReadOnlyDictionary<string, PodMetric> metrics, string resource, string? container, int target)
    {
        var (groups, measured) = Measured(metrics, resource);
        var requests = PodRequests.For(Pods, resource, container);
        var use = Utilization(measured, requests, target);
        var replicas = Replicas(
            measured, groups, use.Ratio,
            missing: pod => requests[pod] * Math.Max(100, target) / 100,
            ratioOf: values => Utilization(values, requests, target).Ratio);
        return new Proposal(replicas, use.Average, use.Percent);
    }

    /// <param name="resource">null: of a metric that is no resource.</param>
    public Proposal ForAverage(IReadOnlyDictionary<string, PodMetric> metrics, string? resource, long target)
    {
        var (groups, measured) = Measured(metrics, resource);
        var average = Average(measured);
        var replicas = Replicas(measured, groups, Ratio(average, target), missing: _ => target, ratioOf: values => Ratio(Average(values), target));
        return new Proposal(replicas, average);
    }

    /// <summary>One value for all of them.</summary>
    public Proposal ForValue(long value, long target)
    {
        var ratio = Ratio(value, target);
        if (Current == 0)
        {
            return new Proposal((int)Math.Ceiling(ratio), value);
        }

        if (Tolerance.Covers(ratio))
        {
            return new Proposal(Current, value);
        }

        RequirePods("unable to calculate ready pods: ");
        return new Proposal((int)Math.Ceiling(ratio * Pods.Count(pod => pod.Status?.Phase == "Running" && pod.IsReady())), value);
    }

    /// <summary>One value that they share.</summary>
    /// <param name="running">Replicas that the target's status tells of.</param>
    public Proposal ForShare(long value, long target, int running)
    {
        var ratio = value / ((double)target * running);
        var replicas = Tolerance.Covers(ratio) ? running : (int)Math.Ceiling(value / (double)target);
        return new Proposal(replicas, running == 0 ? 0 : (long)Math.Ceiling(value / (double)running));
    }

    private (PodGroups Groups, Dictionary<string, long> Measured) Measured(IReadOnlyDictionary<string, PodMetric> metrics, string? resource)
    {
        RequirePods("");
        var groups = PodGroups.For(Pods, metrics, resource, Now);
        var measured = metrics
            .Where(pair => !groups.Ignored.Contains(pair.Key) && !groups.Unready.Contains(pair.Key))
            .ToDictionary(pair => pair.Key, pair => pair.Value.MilliValue, StringComparer.Ordinal);
        return measured.Count > 0
            ? (groups, measured)
            : throw new MetricException("did not receive metrics for targeted pods (pods might be unready)");
    }

    /// <summary>Pods without figures are taken to speak against the change, and never turn it into the opposite.</summary>
    private int Replicas(
        Dictionary<string, long> measured, PodGroups groups, double ratio, Func<string, long> missing, Func<Dictionary<string, long>, double> ratioOf)
    {
        var countsUnready = groups.Unready.Count > 0 && ratio > 1.0;
        if (!countsUnready && groups.Missing.Count == 0)
        {
            return Tolerance.Covers(ratio) ? Current : (int)Math.Ceiling(ratio * groups.Ready);
        }

        var values = new Dictionary<string, long>(measured, StringComparer.Ordinal);
        foreach (var pod in groups.Missing.Where(_ => ratio != 1.0))
        {
            values[pod] = ratio < 1.0 ? missing(pod) : 0;
        }

        foreach (var pod in groups.Unready.Where(_ => countsUnready))
        {
            values[pod] = 0;
        }

        var cautious = ratioOf(values);
        if (Tolerance.Covers(cautious) || (ratio < 1.0 && cautious > 1.0) || (ratio > 1.0 && cautious < 1.0))
        {
            return Current;
        }

        var replicas = (int)Math.Ceiling(cautious * values.Count);
        return (cautious < 1.0 && replicas > Current) || (cautious > 1.0 && replicas < Current) ? Current : replicas;
    }

    private void RequirePods(string context)
    {
        if (Pods.Count == 0)
        {
            throw new MetricException(context + "no pods returned by selector while calculating replica count");
        }
    }

    private static (double Ratio, int Percent, long Average) Utilization(
        Dictionary<string, long> values, Dictionary<string, long> requests, int target)
    {
        var known = values.Where(pair => requests.ContainsKey(pair.Key)).ToList();
        var (used, requested) = (known.Sum(pair => pair.Value), known.Sum(pair => requests[pair.Key]));
        if (requested == 0)
        {
            throw new MetricException("no metrics returned matched known pods");
        }

        var percent = (int)(used * 100 / requested);
        return (percent / (double)target, percent, used / known.Count);
    }

    private static long Average(Dictionary<string, long> values) => values.Values.Sum() / values.Count;

    private static double Ratio(long value, long target) => value / (double)target;
}
