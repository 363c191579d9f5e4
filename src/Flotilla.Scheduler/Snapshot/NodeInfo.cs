using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// A node and what is on it, kept up to date pod by pod. Changed only by <see cref="ClusterSnapshot"/>.
/// A node whose object is not known yet (or any more) can still hold pods; it is then not <see cref="Exists"/>.
/// </summary>
public sealed class NodeInfo(string name, NodeVersions versions)
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, PodInfo> pods = [];
    private readonly Dictionary<HostPort, int> usedPorts = [];

    /// <summary>A node on its own, for a look at what it would be.</summary>
    public NodeInfo(string name)
        : this(name, new NodeVersions())
    {
    }

    public string Name => name;

    public bool Exists { get; private set; }

    /// <summary>Where its version stands: another one after every change of the node or of what is on it.</summary>
    public int Place { get; } = versions.Take();

    /// <summary>What the node says it can do, beyond what every node can.</summary>
    public IReadOnlySet<string> DeclaredFeatures { get; private set; } = new HashSet<string>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Labels { get; private set; } = NoLabels;

    /// <summary>What field selectors may ask of a node: its name.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["metadata.name"] = name };

    public IReadOnlyList<V1Taint> Taints { get; private set; } = [];

    /// <summary>Whether it has any taint: known without a look at them, for filters see thousands of nodes for each pod.</summary>
    public bool IsTainted { get; private set; }

    public bool Unschedulable { get; private set; }

    public Resources Allocatable { get; private set; }

    public long AllowedPods { get; private set; }

    public Resources Requested { get; private set; }

    public Resources ScoringRequested { get; private set; }

    public IReadOnlyDictionary<ObjectKey, PodInfo> Pods => pods;

    public int PodCount { get; private set; }

    public IReadOnlyCollection<HostPort> UsedPorts => usedPorts.Keys;

    /// <summary>Size in bytes of every image present, under each of its names.</summary>
    public IReadOnlyDictionary<string, long> Images { get; private set; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Whether its labels are others than before, or it was not known.</summary>
    internal bool Set(V1Node node)
    {
        versions.Advance(Place);
        var moved = !Exists || !Same(Labels, node.Metadata.Labels);
        Exists = true;
        if (moved)
        {
            Labels = node.Metadata.Labels is { Count: > 0 } labels ? new Dictionary<string, string>(labels, StringComparer.Ordinal) : NoLabels;
        }

        Taints = [.. node.Spec?.Taints ?? []];
        IsTainted = Taints.Count > 0;
        Unschedulable = node.Spec?.Unschedulable ?? false;
        var allocatable = node.Status?.Allocatable ?? node.Status?.Capacity;
        Allocatable = Resources.From(allocatable);
        DeclaredFeatures = new HashSet<string>(node.Status?.DeclaredFeatures ?? [], StringComparer.Ordinal);
        AllowedPods = allocatable is not null && allocatable.TryGetValue("pods", out var count) ? count.ToInt64() : 0;
        var images = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var image in node.Status?.Images ?? [])
        {
            foreach (var imageName in image.Names ?? [])
            {
                images[imageName] = image.SizeBytes ?? 0;
            }
        }

        Images = images;
        return moved;
    }

    internal void Unset()
    {
        versions.Advance(Place);
        Exists = false;
    }

    private static bool Same(IReadOnlyDictionary<string, string> old, IDictionary<string, string>? now) =>
        old.Count == (now?.Count ?? 0) && old.All(label => now!.TryGetValue(label.Key, out var value) && value == label.Value);

    internal void Add(PodInfo pod)
    {
        versions.Advance(Place);
        pods.Add(pod.Key, pod);
        PodCount = pods.Count;
        Requested += pod.Requests;
        ScoringRequested += pod.ScoringRequests;
        foreach (var port in pod.HostPorts)
        {
            usedPorts[port] = usedPorts.GetValueOrDefault(port) + 1;
        }
    }

    internal void Remove(PodInfo pod)
    {
        versions.Advance(Place);
        pods.Remove(pod.Key);
        PodCount = pods.Count;
        Requested -= pod.Requests;
        ScoringRequested -= pod.ScoringRequests;
        foreach (var port in pod.HostPorts)
        {
            if (--usedPorts[port] == 0)
            {
                usedPorts.Remove(port);
            }
        }
    }
}
