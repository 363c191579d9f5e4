using System.Text.Json.Nodes;
using k8s.Models;

namespace Flotilla.Simulation.Tests;

public sealed class PodStepTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_pod_starts_after_the_delay()
    {
        var options = new SimulationOptions { Nodes = 1, StartDelay = TimeSpan.FromSeconds(3) };

        Assert.Equal(new PodStep(PodAction.Wait, TimeSpan.FromSeconds(2)), PodStep.For(Pod("Pending"), options, Now - TimeSpan.FromSeconds(1), Now));
        Assert.Equal(new PodStep(PodAction.Start), PodStep.For(Pod("Pending"), options, Now - TimeSpan.FromSeconds(3), Now));
    }

    [Fact]
    public void A_pod_with_a_duration_succeeds_when_it_is_over_unless_it_is_to_run_always()
    {
        var pod = Pod("Running");
        pod.Metadata.Annotations = new Dictionary<string, string> { [PodStep.Duration] = "1m" };
        pod.Spec.RestartPolicy = "Never";
        pod.Status.StartTime = Now.UtcDateTime;

        Assert.Equal(new PodStep(PodAction.Wait, TimeSpan.FromSeconds(50)), Step(pod, Now + TimeSpan.FromSeconds(10)));
        Assert.Equal(new PodStep(PodAction.Succeed), Step(pod, Now + TimeSpan.FromMinutes(1)));
        pod.Spec.RestartPolicy = "Always";
        Assert.Equal(new PodStep(PodAction.None), Step(pod, Now + TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void What_others_said_of_a_pod_stays_when_it_ends()
    {
        var pod = Pod("Running");
        pod.Status.Conditions = [new V1PodCondition { Type = "DisruptionTarget", Status = "True", Reason = "PreemptionByScheduler" }, new V1PodCondition { Type = "Ready", Status = "True" }];
        pod.Spec.Containers = [new V1Container { Name = "c" }];
        var conditions = JsonNode.Parse(new PodReport().For(pod, PodAction.Succeed, "10.0.0.1", Now.UtcDateTime))!["status"]!["conditions"]!.AsArray();
        Assert.Equal("PreemptionByScheduler", (string?)conditions.Single(one => (string?)one!["type"] == "DisruptionTarget")!["reason"]);
        Assert.Equal("False", (string?)conditions.Single(one => (string?)one!["type"] == "Ready")!["status"]);
    }

    [Fact]
    public void A_deleted_pod_is_removed_and_a_finished_one_left_alone()
    {
        var leaving = Pod("Running");
        leaving.Metadata.DeletionTimestamp = Now.UtcDateTime;

        Assert.Equal(PodAction.Remove, Step(leaving, Now).Action);
        Assert.Equal(PodAction.None, Step(Pod("Succeeded"), Now).Action);
        Assert.Equal(PodAction.None, Step(Pod("Running"), Now).Action);
    }

    [Fact]
    public void A_deleted_pod_that_somebody_keeps_ends_before_it_is_removed()
    {
        var kept = Pod("Running");
        kept.Metadata.DeletionTimestamp = Now.UtcDateTime;
        kept.Metadata.Finalizers = ["example.com/keep"];

        Assert.Equal(PodAction.Succeed, Step(kept, Now).Action);
        kept.Status.Phase = "Succeeded";
        Assert.Equal(PodAction.Remove, Step(kept, Now).Action);
    }

    [Fact]
    public void About_as_many_fail_as_asked_and_always_the_same()
    {
        var options = new SimulationOptions { Nodes = 1, FailureRate = 0.25 };
        var pods = Enumerable.Range(0, 4000).Select(i => Pod("Pending", $"{i:x8}-uid")).ToList();

        var failing = pods.Where(pod => PodStep.For(pod, options, Now, Now).Action == PodAction.Fail).ToList();

        Assert.InRange(failing.Count, 800, 1200);
        Assert.All(failing, pod => Assert.Equal(PodAction.Fail, PodStep.For(pod, options, Now, Now).Action));
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("2s", 2d)]
    [InlineData("1.5m", 90d)]
    [InlineData("1h", 3600d)]
    [InlineData("0", 0d)]
    [InlineData("soon", null)]
    [InlineData("5", null)]
    [InlineData("", null)]
    public void Durations_are_a_number_and_a_unit(string text, double? seconds) =>
        Assert.Equal(seconds, SimulationOptions.ParseDuration(text)?.TotalSeconds);

    [Fact]
    public void Every_wrong_option_is_named() => Assert.Equal(
        ["--nodes", "--failure-rate", "--pods", "--zones", "--cpu"],
        new SimulationOptions { Nodes = 0, FailureRate = 2, PodsPerNode = 0, Zones = -1, Cpu = "many" }.Problems().Select(problem => problem.Split(' ')[0]));

    private static PodStep Step(V1Pod pod, DateTimeOffset now) => PodStep.For(pod, new SimulationOptions { Nodes = 1 }, Now, now);

    private static V1Pod Pod(string phase, string uid = "uid") => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", Uid = uid },
        Spec = new V1PodSpec { Containers = [] },
        Status = new V1PodStatus { Phase = phase },
    };
}
