using System.Diagnostics;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Tests.Pipeline;

public sealed class PlacerTests(ITestOutputHelper output)
{
    [Fact]
    public void Replicas_of_one_set_end_up_on_different_nodes()
    {
        var cluster = Given.Cluster([.. Enumerable.Range(0, 5).Select(i => Given.Node($"n{i}"))]);
        cluster.Workloads.SetService(new("default", "web"), new Dictionary<string, string> { ["app"] = "web" });
        var placer = new Placer(PluginSet.Default());
        var used = new HashSet<string>();
        for (var i = 0; i < 5; i++)
        {
            var pod = new PodInfo(Given.Pod($"p{i}", labels: ("app", "web")));
            var node = placer.Place(pod, cluster).NodeName!;
            cluster.Place(pod, node);
            used.Add(node);
        }

        Assert.Equal(5, used.Count);
    }

    [Fact]
    public void A_large_cluster_is_not_searched_to_the_end()
    {
        var looked = 0;
        var plugin = new Counting(() => looked++);
        var cluster = Given.Cluster([.. Enumerable.Range(0, 1000).Select(i => Given.Node($"n{i}"))]);

        new Placer(new PluginSet([plugin, new ImageLocality()])).Place(new PodInfo(Given.Pod("p")), cluster);

        Assert.Equal(420, looked);
    }

    [Fact]
    public void Prints_how_many_pods_per_second_are_placed_on_1000_nodes()
    {
        const int Pods = 10_000;
        var cluster = Given.Cluster([.. Enumerable.Range(0, 1000).Select(i =>
            Given.Node($"n{i}", cpu: "32", memory: "64Gi", labels: [("topology.kubernetes.io/zone", $"z{i % 3}")]))]);
        cluster.Workloads.SetService(new("default", "web"), new Dictionary<string, string> { ["app"] = "web0" });
        var placer = new Placer(PluginSet.Default());
        var pods = Enumerable.Range(0, Pods).Select(i => new PodInfo(Given.Pod($"p{i}", "100m", "64Mi", labels: ("app", $"web{i % 20}")))).ToList();
        var watch = Stopwatch.StartNew();
        foreach (var pod in pods)
        {
            cluster.Place(pod, placer.Place(pod, cluster).NodeName!);
        }

        output.WriteLine($"{Pods / watch.Elapsed.TotalSeconds:F0} pods/s");
        Console.WriteLine($"scheduler: {Pods / watch.Elapsed.TotalSeconds:F0} pods/s over 1,000 nodes");
        Assert.Equal(Pods, cluster.PodCount);
        Assert.True(cluster.Nodes.Max(node => node.Pods.Count) < 40);
    }

    private sealed class Counting(Action look) : IFilterPlugin
    {
        public string Name => "Counting";

        public NodeFilter Filter(SchedulingCycle cycle) => _ =>
        {
            look();
            return Verdict.Fits;
        };
    }
}
