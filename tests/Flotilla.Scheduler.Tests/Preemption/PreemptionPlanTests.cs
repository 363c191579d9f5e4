using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Tests.Preemption;

public sealed class PreemptionPlanTests
{
    [Fact]
    public void Evicts_as_few_and_as_unimportant_pods_as_possible()
    {
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b"))
            .With("a", Ranked("a-low", "2", 1), Ranked("a-mid", "2", 5))
            .With("b", Ranked("b-mid", "2", 5), Ranked("b-high", "2", 9));

        var plan = Plan(Ranked("p", "2", 7), cluster);

        Assert.Equal("a", plan!.NodeName);
        Assert.Equal("a-low", Assert.Single(plan.Victims).Key.Name);
        Assert.Equal(4, cluster.PodCount);
    }

    [Fact]
    public void A_pod_may_refuse_to_preempt()
    {
        var cluster = Given.Cluster(Given.Node("a")).With("a", Ranked("low", "4", 1));
        var pod = Ranked("p", "2", 7);
        pod.Spec.PreemptionPolicy = "Never";

        Assert.Null(Plan(pod, cluster));
    }

    [Fact]
    public void Nobody_is_evicted_while_earlier_victims_are_still_leaving()
    {
        var leaving = Ranked("low", "2", 1);
        leaving.Metadata.DeletionTimestamp = DateTime.UtcNow;
        leaving.Status.Conditions = [new V1PodCondition { Type = "DisruptionTarget", Status = "True", Reason = "PreemptionByScheduler" }];
        var cluster = Given.Cluster(Given.Node("a")).With("a", leaving, Ranked("other", "2", 1));
        var pod = Ranked("p", "2", 7);
        cluster.Nominations.Set(new PodInfo(pod), "a");

        Assert.Null(Plan(pod, cluster));
    }

    [Fact]
    public void Pods_that_a_budget_protects_are_evicted_last()
    {
        var cluster = Given.Cluster(Given.Node("a"), Given.Node("b"))
            .With("a", Guarded("guarded", "4", 1))
            .With("b", Ranked("free", "4", 5));
        cluster.Budgets.Set(new("default", "budget"), new V1PodDisruptionBudget
        {
            Metadata = new V1ObjectMeta { Name = "budget", NamespaceProperty = "default" },
            Spec = new V1PodDisruptionBudgetSpec { Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "guarded" } } },
            Status = new V1PodDisruptionBudgetStatus { DisruptionsAllowed = 0 },
        });

        Assert.Equal("free", Assert.Single(Plan(Ranked("p", "4", 7), cluster)!.Victims).Key.Name);
        cluster.Remove(new("default", "free"));
        cluster.RemoveNode("b");
        var forced = Plan(Ranked("p", "4", 7), cluster)!;
        Assert.Equal(("guarded", 1), (forced.Victims[0].Key.Name, forced.Violations));
    }

    [Fact]
    public void Room_made_for_an_important_pod_is_not_taken_by_a_lesser_one_but_lost_to_a_greater()
    {
        var cluster = Given.Cluster(Given.Node("a"));
        cluster.Nominations.Set(new PodInfo(Ranked("waiting", "4", 5)), "a");
        var placer = new Placer(PluginSet.Default());

        Assert.Null(placer.Place(new PodInfo(Ranked("lesser", "1", 1)), cluster).NodeName);
        Assert.Equal("a", placer.Place(new PodInfo(Ranked("greater", "1", 9)), cluster).NodeName);
        Assert.Equal("a", placer.Place(new PodInfo(Ranked("waiting", "4", 5)), cluster).NodeName);
        cluster.With("a", Ranked("low", "4", 0));
        Assert.Equal("waiting", Assert.Single(Plan(Ranked("greater", "2", 9), cluster)!.Displaced).Key.Name);
    }

    private static V1Pod Guarded(string name, string cpu, int priority)
    {
        var pod = Ranked(name, cpu, priority);
        pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = name };
        return pod;
    }

    private static V1Pod Ranked(string name, string cpu, int priority) => Given.Pod(name, cpu, with: pod => pod.Spec.Priority = priority);

    private static PreemptionPlan? Plan(V1Pod pod, ClusterSnapshot cluster)
    {
        var placer = new Placer(PluginSet.Default());
        var cycle = new SchedulingCycle(new PodInfo(pod), cluster);
        return new PreemptionSearch(new PreemptionLimits()).Find(cycle, placer.Place(cycle).Diagnosis!, placer).Plan;
    }
}
