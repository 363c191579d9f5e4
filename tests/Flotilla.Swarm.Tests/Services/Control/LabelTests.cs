using Flotilla.Docker;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Tests.Services.Control;

/// <summary>What labels ask for beyond Docker.</summary>
public sealed class LabelTests
{
    private const string Job = """{"ReplicatedJob":{"MaxConcurrent":1,"TotalCompletions":1}}""";

    [Fact]
    public void A_crowded_node_gives_one_task_away_when_all_have_run_for_a_while()
    {
        var service = Labelled("flotilla.rebalance", "true", """{"Replicated":{"Replicas":3}}""");
        ServiceTask[] all = [Given.Task(service, 1), Given.Task(service, 2), Given.Task(service, 3)];
        Assert.Equal(3, Assert.Single(ServicePlans.For(Given.Input(service, all)).Stop).Slot);
        var early = ServicePlans.For(Given.Input(service, all[0], all[1], Given.Task(service, 3, ago: 10)));
        Assert.Empty(early.Stop);
        Assert.Equal(TimeSpan.FromSeconds(20), early.LookAgain);
        Assert.Empty(ServicePlans.For(Given.Input(service, all[0], all[1], Given.Task(service, 3, node: "n2"))).Stop);
        Assert.Empty(ServicePlans.For(Given.Input(Labelled("flotilla.rebalance", "false", """{"Replicated":{"Replicas":3}}"""), all)).Stop);
    }

    [Fact]
    public void A_task_that_came_back_to_its_node_stays()
    {
        var service = Labelled("flotilla.rebalance", "true", """{"Replicated":{"Replicas":2}}""");
        var plan = ServicePlans.For(Given.Input(service, Given.Task(service, 1), Given.Task(service, 2), Given.Task(service, 2, TaskState.Shutdown, ago: 90)));
        Assert.Equal(1, Assert.Single(plan.Stop).Slot);
    }

    [Fact]
    public void A_job_with_a_schedule_waits_for_its_time_and_for_its_last_run()
    {
        var due = Labelled("flotilla.schedule", "@every 1m", Job) with { Change = new SpecChange { At = Given.Now.AddSeconds(-61) } };
        Assert.True(ServicePlans.For(Given.Input(due)).RunAgain);
        var early = ServicePlans.For(Given.Input(due with { Change = new SpecChange { At = Given.Now.AddSeconds(-50) } }));
        Assert.Equal((false, 0, TimeSpan.FromSeconds(10)), (early.RunAgain, early.Create.Count, early.LookAgain));
        var running = ServicePlans.For(Given.Input(due with { Change = new SpecChange { At = Given.Now.AddSeconds(-50), Iteration = 1 } }));
        Assert.Single(running.Create);
    }

    [Fact]
    public void Tasks_wait_for_the_services_they_depend_on()
    {
        var service = Labelled("flotilla.depends-on", "db", """{"Replicated":{"Replicas":1}}""");
        Assert.Equal("waiting for service db to be there", Dependencies.MissingOf(service, []));
        var db = Given.Service() with { Status = new SwarmServiceStatus { ObservedGeneration = 1, DesiredTasks = 2, RunningTasks = 1 } };
        db = db.With(System.Text.Json.JsonElement.Parse("""{"Name":"db","Mode":{"Replicated":{"Replicas":2}},"TaskTemplate":{}}"""));
        Assert.Equal("waiting for service db to run", Dependencies.MissingOf(service, [db]));
        Assert.Null(Dependencies.MissingOf(service, [db with { Status = db.Status! with { RunningTasks = 2 } }]));
    }

    [Theory]
    [InlineData("flotilla.autoscale.max", "0")]
    [InlineData("flotilla.autoscale.min", "1")]
    [InlineData("flotilla.rebalance", "yes")]
    [InlineData("flotilla.schedule", "* * * *")]
    [InlineData("flotilla.schedule", "@hourly")]
    [InlineData("flotilla.rebalance.interval", "1ms")]
    public void What_cannot_be_is_refused(string label, string value) => Assert.Throws<DockerException>(() => ServiceLabels.Check(Labelled(label, value, """{"Replicated":{"Replicas":1}}""").Read));

    private static SwarmService Labelled(string label, string value, string mode) =>
        Given.Service(mode, rest: ",\"Labels\":{\"" + label + "\":\"" + value + "\"}");
}
