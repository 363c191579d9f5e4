using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Tests.Random;

/// <summary>After any changes the snapshot answers as one made anew, plugin by plugin.</summary>
public sealed class IncrementalSnapshotTests
{
    private const int Rounds = 12;

    public static IEnumerable<TheoryDataRow<int>> Seeds => Enumerable.Range(1, 30).Select(seed => new TheoryDataRow<int>(seed));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_filter_and_score_is_that_of_a_new_snapshot(int seed) => Play(seed, (pod, cluster) =>
    {
        var fresh = cluster.Fresh();
        foreach (var plugin in PluginSet.Default().Filters)
        {
            Assert.Equal(Verdicts(plugin, pod, fresh), Verdicts(plugin, pod, cluster.Snapshot));
        }

        foreach (var (plugin, _) in PluginSet.Default().Scorers)
        {
            Assert.Equal((plugin.Name, Scores(plugin, pod, fresh)), (plugin.Name, Scores(plugin, pod, cluster.Snapshot)));
        }
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_filter_and_score_is_what_the_rules_say(int seed) => Play(seed, (pod, cluster) =>
    {
        var naive = new NaiveRules(cluster, pod.Pod);
        foreach (var plugin in PluginSet.Default().Filters.Where(plugin => NaiveRules.Filters.Contains(plugin.Name)))
        {
            Assert.Equal(
                cluster.Snapshot.Nodes.Select(node => (plugin.Name, node.Name, naive.Filter(plugin.Name, node.Name))),
                Verdicts(plugin, pod, cluster.Snapshot));
        }

        foreach (var (plugin, _) in PluginSet.Default().Scorers.Where(scorer => NaiveRules.Scorers.Contains(scorer.Plugin.Name)))
        {
            Assert.Equal(
                (plugin.Name, naive.Score(plugin.Name, [.. cluster.Snapshot.Nodes.Select(node => node.Name)])),
                (plugin.Name, Scores(plugin, pod, cluster.Snapshot)));
        }
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Decisions_and_preemption_are_those_of_a_new_snapshot(int seed) => Play(seed, (pod, cluster) =>
    {
        var fresh = cluster.Fresh();
        var pods = cluster.Snapshot.PodCount;
        Assert.Equal(Decide(pod, fresh), Decide(pod, cluster.Snapshot));
        Assert.Equal(pods, cluster.Snapshot.PodCount);
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Preemption_takes_the_best_node_and_no_victim_that_could_stay(int seed) => Play(seed, (pod, cluster) =>
    {
        var placer = new Placer(PluginSet.Default());
        var cycle = new SchedulingCycle(pod, cluster.Snapshot);
        if (placer.Place(cycle).Diagnosis is not { } why || new PreemptionSearch(new PreemptionLimits()).Find(cycle, why, placer).Plan is not { } plan)
        {
            return;
        }

        Assert.All(plan.Victims, victim => Assert.True(victim.Priority < pod.Priority));
        Assert.True(FitsWithout(plan.Victims, plan, cluster, pod, placer));
        foreach (var spared in plan.Victims)
        {
            Assert.False(FitsWithout(plan.Victims.Except([spared]), plan, cluster, pod, placer), $"{spared.Key} could have stayed");
        }

        foreach (var other in cluster.Snapshot.Nodes.Where(node => node.Name != plan.NodeName))
        {
            if (NaivePreemption.On(other, cycle, placer) is { } alternative)
            {
                Assert.False(alternative.Beats(plan), $"{other.Name} would have been better");
            }
        }
    });

    private static void Play(int seed, Action<PodInfo, RandomCluster> check)
    {
        var cluster = new RandomCluster(seed);
        for (var round = 0; round < Rounds; round++)
        {
            cluster.Change(15);
            for (var i = 0; i < 3 && cluster.Nodes.Count > 0; i++)
            {
                check(new PodInfo(cluster.NewPod()), cluster);
            }
        }
    }

    private static bool FitsWithout(IEnumerable<PodInfo> victims, PreemptionPlan plan, RandomCluster cluster, PodInfo pod, Placer placer)
    {
        var fresh = cluster.Fresh();
        foreach (var victim in victims)
        {
            fresh.Remove(victim.Key);
        }

        return new FilterRun(placer.Plugins, new SchedulingCycle(pod, fresh)).Test(fresh.Node(plan.NodeName)!).Verdict.IsFit;
    }

    private static List<(string, string, string)> Verdicts(IFilterPlugin plugin, PodInfo pod, ClusterSnapshot cluster)
    {
        var filter = plugin.Filter(new SchedulingCycle(pod, cluster));
        return [.. cluster.Nodes.Select(node => (plugin.Name, node.Name, filter?.Invoke(node) is { IsFit: false } verdict ? $"{verdict.Rejection}: {string.Join(", ", verdict.Reasons!)}" : "fits"))];
    }

    private static string Scores(IScorePlugin plugin, PodInfo pod, ClusterSnapshot cluster)
    {
        var scores = new long[cluster.Nodes.Count];
        return plugin.Score(new SchedulingCycle(pod, cluster), [.. cluster.Nodes], scores) ? string.Join(' ', scores) : "none";
    }

    private static string Decide(PodInfo pod, ClusterSnapshot cluster)
    {
        var placer = new Placer(PluginSet.Default());
        var cycle = new SchedulingCycle(pod, cluster);
        var decision = placer.Place(cycle);
        if (decision.Diagnosis is not { } why)
        {
            return decision.NodeName!;
        }

        var plan = placer.MakeRoom(cycle, why);
        return $"{why} {plan?.NodeName}: {string.Join(' ', plan?.Victims.Select(victim => victim.Key.Name) ?? [])}";
    }
}
