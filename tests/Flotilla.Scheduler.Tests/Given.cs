using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests;

/// <summary>Nodes, pods and clusters in the few words a test needs.</summary>
internal static class Given
{
    public static V1Node Node(string name, string cpu = "4", string memory = "8Gi", int pods = 110, params (string Key, string Value)[] labels) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Labels = labels.Append(("kubernetes.io/hostname", name)).ToDictionary(label => label.Item1, label => label.Item2),
        },
        Spec = new V1NodeSpec(),
        Status = new V1NodeStatus
        {
            Allocatable = new Dictionary<string, ResourceQuantity>
            {
                ["cpu"] = new(cpu),
                ["memory"] = new(memory),
                ["pods"] = new($"{pods}"),
            },
        },
    };

    public static V1Pod Pod(string name, string? cpu = null, string? memory = null, Action<V1Pod>? with = null, params (string Key, string Value)[] labels)
    {
        var requests = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null)
        {
            requests["cpu"] = new(cpu);
        }

        if (memory is not null)
        {
            requests["memory"] = new(memory);
        }

        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "default",
                Uid = "uid-" + name,
                Labels = labels.ToDictionary(label => label.Key, label => label.Value),
            },
            Spec = new V1PodSpec
            {
                Containers = [new V1Container { Name = "c", Image = "web", Resources = new V1ResourceRequirements { Requests = requests } }],
            },
            Status = new V1PodStatus(),
        };
        with?.Invoke(pod);
        return pod;
    }

    public static ClusterSnapshot Cluster(params V1Node[] nodes)
    {
        var cluster = new ClusterSnapshot();
        cluster.SetNamespace("default", null);
        foreach (var node in nodes)
        {
            cluster.SetNode(node);
        }

        return cluster;
    }

    public static ClusterSnapshot With(this ClusterSnapshot cluster, string node, params V1Pod[] pods)
    {
        foreach (var pod in pods)
        {
            cluster.Place(new PodInfo(pod), node);
        }

        return cluster;
    }

    public static Decision Place(this ClusterSnapshot cluster, V1Pod pod) =>
        new Placer(PluginSet.Default()).Place(new PodInfo(pod), cluster);

    /// <summary>"fits", or the reasons, as one plugin gives them for one node.</summary>
    public static string Ask(this IFilterPlugin plugin, V1Pod pod, ClusterSnapshot cluster, string node)
    {
        var verdict = plugin.Filter(new SchedulingCycle(new PodInfo(pod), cluster))?.Invoke(cluster.Node(node)!) ?? Verdict.Fits;
        return verdict.IsFit ? "fits" : (verdict.Unresolvable ? "never: " : "no: ") + string.Join(", ", verdict.Reasons!);
    }

    public static long[] Scores(this IScorePlugin plugin, V1Pod pod, ClusterSnapshot cluster)
    {
        var scores = new long[cluster.Nodes.Count];
        return plugin.Score(new SchedulingCycle(new PodInfo(pod), cluster), [.. cluster.Nodes], scores) ? scores : [];
    }
}
