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

    private static V1Pod Ranked(string name, string cpu, int priority) => Given.Pod(name, cpu, with: pod => pod.Spec.Priority = priority);

    private static PreemptionPlan? Plan(V1Pod pod, ClusterSnapshot cluster)
    {
        var placer = new Placer(PluginSet.Default());
        var cycle = new SchedulingCycle(new PodInfo(pod), cluster);
        return new PreemptionSearch(new PreemptionLimits()).Find(cycle, placer.Place(cycle).Diagnosis!, placer).Plan;
    }
}
