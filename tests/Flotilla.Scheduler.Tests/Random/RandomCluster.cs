using Flotilla.Api;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Random;

/// <summary>
/// A cluster that changes at random, kept twice: incrementally in a snapshot, and as plain lists of objects that say what
/// is true. The same seed makes the same cluster.
/// </summary>
internal sealed class RandomCluster
{
    public const string Zone = "topology.kubernetes.io/zone";
    private static readonly string[] Apps = ["web", "db", "cache"];
    private static readonly string[] Spaces = ["default", "other"];
    private readonly System.Random random;
    private int names;

    public RandomCluster(int seed)
    {
        random = new System.Random(seed);
        Snapshot.SetNamespace("default", null);
        Snapshot.SetNamespace("other", new Dictionary<string, string> { ["team"] = "blue" });
        Namespaces["default"] = new Dictionary<string, string>();
        Namespaces["other"] = new Dictionary<string, string> { ["team"] = "blue" };
    }

    public ClusterSnapshot Snapshot { get; } = new();

    public List<V1Node> Nodes { get; } = [];

    public List<(V1Pod Pod, string Node)> Placed { get; } = [];

    public Dictionary<string, Dictionary<string, string>> Namespaces { get; } = [];

    public void Change(int times)
    {
        for (var i = 0; i < times; i++)
        {
            ChangeOnce();
        }
    }

    /// <summary>The same state, made from nothing.</summary>
    public ClusterSnapshot Fresh()
    {
        var fresh = new ClusterSnapshot();
        foreach (var (name, labels) in Namespaces)
        {
            fresh.SetNamespace(name, labels);
        }

        // Ties go to the node that is looked at first: the order must be the same.
        foreach (var node in Snapshot.Nodes)
        {
            fresh.SetNode(Nodes.Single(one => one.Metadata.Name == node.Name));
        }

        foreach (var (pod, node) in Placed)
        {
            fresh.Place(new PodInfo(pod), node);
        }

        return fresh;
    }

    public void Bind(V1Pod pod, string node)
    {
        Placed.Add((pod, node));
        Snapshot.Place(new PodInfo(pod), node);
    }

    public V1Pod NewPod()
    {
        var pod = Given.Pod($"p{names++}", Maybe($"{random.Next(1, 20) * 100}m"), Maybe($"{random.Next(1, 16) * 256}Mi"), labels: ("app", Any(Apps)));
        pod.Metadata.NamespaceProperty = Any(Spaces);
        pod.Spec.Priority = random.Next(4) * 10;
        pod.Status.StartTime = DateTime.UnixEpoch.AddSeconds(random.Next(10_000));
        if (Chance(0.15))
        {
            pod.Spec.Containers[0].Ports = [new V1ContainerPort { ContainerPort = 1, HostPort = 8000 + random.Next(2), HostIP = Maybe("10.0.0.1"), Protocol = "TCP" }];
        }

        if (Chance(0.3))
        {
            pod.Spec.Tolerations = [new V1Toleration { Key = "spot", OperatorProperty = "Exists", Effect = Maybe("NoSchedule") }];
        }

        if (Chance(0.2))
        {
            pod.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = Any("ssd", "hdd") };
        }

        if (Chance(0.6))
        {
            pod.Spec.Affinity = Affinity();
        }

        if (Chance(0.5))
        {
            pod.Spec.TopologySpreadConstraints = [Spread(), .. Chance(0.3) ? (V1TopologySpreadConstraint[])[Spread()] : []];
        }

        return pod;
    }

    private void ChangeOnce()
    {
        switch (random.Next(10))
        {
            case 0 or 1:
                SetNode(NewNode($"n{names++}"));
                break;
            case 2 when Nodes.Count > 0:
                SetNode(NewNode(Any(Nodes).Metadata.Name));
                break;
            case 3 when Nodes.Count > 3:
                RemoveNode(Any(Nodes).Metadata.Name);
                break;
            case 4 or 5 when Placed.Count > 0:
                RemovePod(random.Next(Placed.Count));
                break;
            default:
                if (Nodes.Count > 0)
                {
                    Place(NewPod(), Any(Nodes).Metadata.Name);
                }

                break;
        }
    }

    private void SetNode(V1Node node)
    {
        Nodes.RemoveAll(old => old.Metadata.Name == node.Metadata.Name);
        Nodes.Add(node);
        Snapshot.SetNode(node);
    }

    private void RemoveNode(string name)
    {
        Nodes.RemoveAll(node => node.Metadata.Name == name);
        Snapshot.RemoveNode(name);
        for (var i = Placed.Count - 1; i >= 0; i--)
        {
            // Some pods outlive their node for a while, and some of those see it come back.
            if (Placed[i].Node == name && Chance(0.7))
            {
                RemovePod(i);
            }
        }
    }

    private void Place(V1Pod pod, string node)
    {
        if (Chance(0.1))
        {
            pod.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        }

        Bind(pod, node);
    }

    private void RemovePod(int index)
    {
        Snapshot.Remove(new ObjectKey(Placed[index].Pod.Metadata.NamespaceProperty, Placed[index].Pod.Metadata.Name));
        Placed.RemoveAt(index);
    }

    private V1Node NewNode(string name)
    {
        List<(string, string)> labels = [];
        if (Chance(0.85))
        {
            labels.Add((Zone, $"z{random.Next(3)}"));
        }

        if (Chance(0.7))
        {
            labels.Add(("disk", Any("ssd", "hdd")));
        }

        var node = Given.Node(name, $"{random.Next(2, 9)}", $"{random.Next(2, 17)}Gi", random.Next(3, 12), [.. labels]);
        if (Chance(0.2))
        {
            node.Spec.Taints = [new V1Taint { Key = "spot", Effect = Any("NoSchedule", "PreferNoSchedule", "NoExecute") }];
        }

        node.Spec.Unschedulable = Chance(0.1);
        if (Chance(0.4))
        {
            node.Status.Images = [new V1ContainerImage { Names = ["web:latest"], SizeBytes = random.Next(50, 900) * 1024L * 1024 }];
        }

        return node;
    }

    private V1Affinity Affinity()
    {
        var affinity = new V1Affinity();
        if (Chance(0.3))
        {
            affinity.NodeAffinity = new V1NodeAffinity
            {
                PreferredDuringSchedulingIgnoredDuringExecution =
                [
                    new V1PreferredSchedulingTerm { Weight = random.Next(1, 100), Preference = new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = "disk", OperatorProperty = "In", Values = ["ssd"] }] } },
                ],
            };
        }

        if (Chance(0.5))
        {
            affinity.PodAffinity = new V1PodAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution = Chance(0.4) ? [Term()] : null,
                PreferredDuringSchedulingIgnoredDuringExecution = Chance(0.6) ? [Weighted()] : null,
            };
        }

        if (Chance(0.5))
        {
            affinity.PodAntiAffinity = new V1PodAntiAffinity
            {
                RequiredDuringSchedulingIgnoredDuringExecution = Chance(0.4) ? [Term()] : null,
                PreferredDuringSchedulingIgnoredDuringExecution = Chance(0.6) ? [Weighted()] : null,
            };
        }

        return affinity;
    }

    private V1WeightedPodAffinityTerm Weighted() => new() { Weight = random.Next(1, 100), PodAffinityTerm = Term() };

    private V1PodAffinityTerm Term() => new()
    {
        TopologyKey = Any(Zone, "kubernetes.io/hostname"),
        LabelSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = Any(Apps) } },
        Namespaces = Chance(0.2) ? [Any(Spaces)] : null,
        NamespaceSelector = Chance(0.2) ? new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["team"] = "blue" } } : null,
    };

    private V1TopologySpreadConstraint Spread() => new()
    {
        TopologyKey = Any(Zone, "kubernetes.io/hostname"),
        MaxSkew = random.Next(1, 4),
        WhenUnsatisfiable = Any("DoNotSchedule", "ScheduleAnyway"),
        LabelSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = Any(Apps) } },
        MinDomains = Chance(0.2) ? random.Next(1, 5) : null,
        NodeAffinityPolicy = Maybe("Ignore"),
        NodeTaintsPolicy = Maybe("Honor"),
    };

    private bool Chance(double probability) => random.NextDouble() < probability;

    private string? Maybe(string value) => Chance(0.5) ? value : null;

    private T Any<T>(params IReadOnlyList<T> of) => of[random.Next(of.Count)];
}
