using Flotilla.Api;
using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Random;

/// <summary>What is known from earlier decisions about like pods changes no decision.</summary>
public sealed class RememberedAnswersTests
{
    public static IEnumerable<TheoryDataRow<int, int, int>> Clusters =>
    [
        .. Enumerable.Range(1, 30).Select(seed => new TheoryDataRow<int, int, int>(seed, 40, 120)),

        // So many nodes that no pod is shown all of them.
        .. Enumerable.Range(100, 3).Select(seed => new TheoryDataRow<int, int, int>(seed, 3000, 100)),
    ];

    [Theory]
    [MemberData(nameof(Clusters))]
    public void Every_decision_is_that_of_rules_asked_anew(int seed, int changes, int decisions)
    {
        var cluster = new RandomCluster(seed);
        var random = new System.Random(seed);
        cluster.Change(changes);
        var kinds = Enumerable.Range(0, 5).Select(_ => cluster.NewPod()).ToArray();
        var placer = new Placer(PluginSet.Default());
        var naive = new NaivePlacer(PluginSet.Default());
        for (var i = 0; i < decisions; i++)
        {
            var pod = Another(kinds[random.Next(kinds.Length)], i);
            var expected = naive.Place(new PodInfo(pod), cluster.Snapshot);
            var decision = placer.Place(new PodInfo(pod), cluster.Snapshot);
            Assert.Equal(expected, decision.NodeName ?? Diagnosis.Histogram(decision.Diagnosis!.Rejections.SelectMany(one => one.Verdict.Reasons!)));
            Continue(cluster, random, pod, decision.NodeName);
        }
    }

    [Fact]
    public void Only_nodes_that_changed_are_asked_about_again()
    {
        var cluster = Given.Cluster([.. Enumerable.Range(0, 50).Select(i => Given.Node($"n{i}"))]);
        var asked = 0;
        var placer = new Placer(new PluginSet([new Counting(() => asked++)]), percentageOfNodesToScore: 100);
        foreach (var name in (string[])["first", "second", "third"])
        {
            asked = 0;
            cluster.Place(new PodInfo(Given.Pod(name)), placer.Place(new PodInfo(Given.Pod(name)), cluster).NodeName!);
        }

        Assert.Equal(1, asked);
    }

    private static V1Pod Another(V1Pod kind, int number)
    {
        var pod = ObjectJson.Decode<V1Pod>(ObjectJson.Encode(kind));
        pod.Metadata.Name = pod.Metadata.Uid = $"like-{number}";
        return pod;
    }

    private static void Continue(RandomCluster cluster, System.Random random, V1Pod pod, string? node)
    {
        if (node is not null)
        {
            cluster.Bind(pod, node);
        }
        else if (random.Next(4) == 0)
        {
            cluster.Snapshot.Nominations.Set(new PodInfo(pod), cluster.Snapshot.Nodes[random.Next(cluster.Snapshot.Nodes.Count)].Name);
        }

        if (random.Next(3) == 0)
        {
            cluster.Change(1);
        }
    }

    private sealed class Counting(Action look) : ILocalFilterPlugin, ILocalScorePlugin
    {
        public string Name => "Counting";

        public int Weight => 1;

        public bool Sign(PodInfo pod, PodSignature signature) => true;

        public NodeFilter Filter(SchedulingCycle cycle) => _ =>
        {
            look();
            return Verdict.Fits;
        };

        public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores) => false;
    }
}
