using System.Text;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>A pod as the scheduler sees it: parsed once when it arrives, immutable afterwards.</summary>
public sealed class PodInfo
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>(StringComparer.Ordinal);

    public PodInfo(V1Pod pod)
    {
        Pod = pod;
        Key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
        Uid = pod.Metadata.Uid ?? "";
        Labels = pod.Metadata.Labels is { Count: > 0 } labels ? new Dictionary<string, string>(labels, StringComparer.Ordinal) : NoLabels;
        Terminating = pod.Metadata.DeletionTimestamp is not null;
        var spec = pod.Spec;
        Priority = spec.Priority ?? 0;
        NodeName = string.IsNullOrEmpty(spec.NodeName) ? null : spec.NodeName;
        Requests = PodRequests.For(pod);
        ScoringRequests = PodRequests.ForScoring(pod);
        HostPorts = [.. Ports(spec)];
        Affinity = PodAffinity.From(spec.Affinity, Namespace, Labels);
        GroupKey = Identify();
    }

    /// <summary>The object itself; shared, never changed.</summary>
    public V1Pod Pod { get; }

    public ObjectKey Key { get; }

    public string Uid { get; }

    public string Namespace => Key.Namespace!;

    public IReadOnlyDictionary<string, string> Labels { get; }

    public bool Terminating { get; }

    /// <summary>It is leaving because the scheduler gave its room away.</summary>
    public bool IsPreempted => Terminating
        && Pod.Status?.Conditions?.Any(condition => condition is { Type: "DisruptionTarget", Status: "True", Reason: "PreemptionByScheduler" }) == true;

    public int Priority { get; }

    public string? NodeName { get; }

    public Resources Requests { get; }

    public Resources ScoringRequests { get; }

    public HostPort[] HostPorts { get; }

    public PodAffinity Affinity { get; }

    public string SchedulerName => string.IsNullOrEmpty(Pod.Spec.SchedulerName) ? SchedulerOptions.DefaultName : Pod.Spec.SchedulerName;

    public IList<V1Toleration> Tolerations => Pod.Spec.Tolerations ?? [];

    internal string GroupKey { get; }

    private static IEnumerable<HostPort> Ports(V1PodSpec spec) =>
        (spec.Containers ?? [])
            .Concat((spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always"))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0)
            .Select(port => HostPort.From(port.HostIP, port.Protocol, port.HostPort!.Value))
            .Distinct();

    private string Identify()
    {
        var text = new StringBuilder(Namespace).Append(Terminating ? "\n-" : "\n+");
        foreach (var (name, value) in Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            text.Append('\n').Append(name).Append('=').Append(value);
        }

        if (Affinity != PodAffinity.None)
        {
            text.Append("\n\n").Append(Encoding.UTF8.GetString(ObjectJson.Encode(Pod.Spec.Affinity)));
        }

        return text.ToString();
    }
}
