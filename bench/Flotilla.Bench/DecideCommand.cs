using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Flotilla.Api;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Bench;

/// <summary>What the scheduler's decisions alone cost, without an API: processor time, so that other load does not count.</summary>
internal static class DecideCommand
{
    private const int Zones = 3;
    private const int WarmUp = 300;

    public static Command Create()
    {
        var pods = new Option<int>("--pods") { Description = "Pods to decide about for each workload", DefaultValueFactory = _ => 2000 };
        var command = new Command("decide", "Measures the scheduler's decisions alone, in processor time") { pods };
        command.SetAction(result =>
        {
            Console.WriteLine("| What | Figure |\n|---|---|");
            foreach (var workload in ScheduleWorkload.All)
            {
                Console.WriteLine(Measure(workload, Math.Min(workload.Measured, result.GetValue(pods))));
            }
        });
        return command;
    }

    private static Figure Measure(ScheduleWorkload workload, int count)
    {
        var cluster = new ClusterSnapshot();
        cluster.SetNamespace("bench", null);
        for (var i = 0; i < workload.Nodes; i++)
        {
            cluster.SetNode(Node(i));
        }

        var placer = new Placer(PluginSet.Default());
        Place(workload, placer, cluster, "before", Math.Max(workload.Before, WarmUp), measured: false);
        var rate = Place(workload, placer, cluster, "pod", count, measured: true);
        return new Figure(string.Create(CultureInfo.InvariantCulture, $"{workload.Name}: {workload.Nodes:N0} nodes, {count:N0} decisions"), rate, "µs of one processor each");
    }

    private static double Place(ScheduleWorkload workload, Placer placer, ClusterSnapshot cluster, string name, int count, bool measured)
    {
        var pods = Enumerable.Range(0, count).Select(i => new PodInfo(Pod(workload, name, i, measured))).ToList();
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        foreach (var pod in pods)
        {
            if (placer.Place(pod, cluster).NodeName is { } node)
            {
                cluster.Place(pod, node);
            }
        }

        process.Refresh();
        return (process.TotalProcessorTime - before).TotalMicroseconds / count;
    }

    private static V1Pod Pod(ScheduleWorkload workload, string name, int i, bool measured)
    {
        var pod = ObjectJson.Decode<V1Pod>(Encoding.UTF8.GetBytes(workload.Pod(name, i, measured)));
        pod.Metadata.NamespaceProperty = "bench";
        pod.Metadata.Uid = $"{name}-{i}";
        return pod;
    }

    private static V1Node Node(int i)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"bench-{i}");
        return new V1Node
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["kubernetes.io/hostname"] = name,
                    ["topology.kubernetes.io/zone"] = string.Create(CultureInfo.InvariantCulture, $"zone-{(i % Zones) + 1}"),
                },
            },
            Spec = new V1NodeSpec(),
            Status = new V1NodeStatus
            {
                Allocatable = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["cpu"] = new("4"), ["memory"] = new("32Gi"), ["pods"] = new("110") },
            },
        };
    }
}
