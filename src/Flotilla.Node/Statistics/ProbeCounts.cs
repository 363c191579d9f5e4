using System.Collections.Concurrent;
using Flotilla.Client.Metrics;
using k8s.Models;

namespace Flotilla.Node.Statistics;

/// <summary>How often each probe of the node's pods passed and failed. Any thread may count.</summary>
internal sealed class ProbeCounts
{
    private readonly ConcurrentDictionary<Probe, long> counts = new();

    private sealed record Probe(string Namespace, string Pod, string Uid, string Container, string Type, string Result);

    public void Count(V1Pod pod, string container, string type, bool passed) => counts.AddOrUpdate(
        new Probe(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Uid, container, type, passed ? "successful" : "failed"),
        1,
        static (_, count) => count + 1);

    public void Forget(string podUid)
    {
        foreach (var probe in counts.Keys.Where(probe => probe.Uid == podUid))
        {
            counts.TryRemove(probe, out _);
        }
    }

    public void Write(MetricsText text)
    {
        text.Family("prober_probe_total", "counter", "Cumulative number of a liveness, readiness or startup probe for a container by result.");
        foreach (var (probe, count) in counts.OrderBy(pair => pair.Key.Namespace, StringComparer.Ordinal).ThenBy(pair => pair.Key.Pod, StringComparer.Ordinal))
        {
            text.Sample(
                "prober_probe_total", count,
                ("container", probe.Container), ("namespace", probe.Namespace), ("pod", probe.Pod), ("pod_uid", probe.Uid), ("probe_type", probe.Type), ("result", probe.Result));
        }
    }
}
