using System.Text.Json;
using Flotilla.Swarm.Services;
using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Tests.Services.Control;

public sealed class RollingUpdateTests
{
    private const string Old = "old";
    private const string Four = """{"Replicated":{"Replicas":4}}""";

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(0, 4)]
    public void Stops_as_many_as_may_be_replaced_at_once(int parallelism, int stopped)
    {
        var service = Updated($$"""{"Parallelism":{{parallelism}}}""");
        var plan = ReplicatedPlan.For(Given.Input(service, [.. Enumerable.Range(1, 4).Select(slot => Given.Task(service, slot, hash: Old))]));
        Assert.Equal(stopped, plan.Stop.Count);
        Assert.Equal(UpdateState.Updating, plan.Update!.State);
        Assert.Empty(plan.Create);
    }

    [Fact]
    public void Goes_on_when_the_new_task_has_run_for_the_delay()
    {
        var service = Updated("""{"Parallelism":1,"Delay":30000000000}""");
        Assert.Empty(Plan(service, newAgo: 10).Stop);
        Assert.Equal(TimeSpan.FromSeconds(20), Plan(service, newAgo: 10).LookAgain);
        Assert.Single(Plan(service, newAgo: 31).Stop);

        ServicePlan Plan(SwarmService of, int newAgo) => ReplicatedPlan.For(Given.Input(
            of, Given.Task(of, 1, ago: newAgo), Given.Task(of, 2, hash: Old), Given.Task(of, 3, hash: Old), Given.Task(of, 4, hash: Old)));
    }

    [Fact]
    public void Start_first_makes_the_new_task_before_the_old_one_stops()
    {
        var service = Updated("""{"Parallelism":1,"Order":"start-first"}""", """{"Replicated":{"Replicas":1}}""");
        var old = Given.Task(service, 1, hash: Old, ago: 500);
        var plan = ReplicatedPlan.For(Given.Input(service, old));
        Assert.Single(plan.Create);
        Assert.Empty(plan.Stop);
        plan = ReplicatedPlan.For(Given.Input(service, old, Given.Task(service, 1, TaskState.Preparing, ago: 2)));
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Stop);
        plan = ReplicatedPlan.For(Given.Input(service, old, Given.Task(service, 1, ago: 2)));
        Assert.Equal([Old], plan.Stop.Select(task => task.TemplateHash));
    }

    [Fact]
    public void Completes_when_all_have_run_for_the_time_they_are_watched()
    {
        var service = Updated("""{"Parallelism":1,"Monitor":20000000000}""");
        Assert.Equal(UpdateState.Updating, Plan(ago: 19).Update!.State);
        Assert.Equal((UpdateState.Completed, "update completed"), (Plan(ago: 21).Update!.State, Plan(ago: 21).Update!.Message));

        ServicePlan Plan(int ago) => ReplicatedPlan.For(Given.Input(Running(service), [.. Enumerable.Range(1, 4).Select(slot => Given.Task(service, slot, ago: ago))]));
    }

    [Theory]
    [InlineData("pause", 0, UpdateState.Paused, false)]
    [InlineData("rollback", 0, UpdateState.Updating, true)]
    [InlineData("continue", 0, UpdateState.Updating, false)]
    [InlineData("pause", 0.5, UpdateState.Updating, false)]
    public void A_failure_does_what_was_asked_for(string action, double ratio, string state, bool rollsBack)
    {
        var service = Running(Updated($$"""{"Parallelism":1,"FailureAction":"{{action}}","MaxFailureRatio":{{ratio.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}"""));
        var plan = ReplicatedPlan.For(Given.Input(
            service, Given.Task(service, 1, TaskState.Failed, ago: 3), Given.Task(service, 2, hash: Old), Given.Task(service, 3, hash: Old), Given.Task(service, 4, hash: Old)));
        Assert.Equal((state, rollsBack), (plan.Update!.State, plan.RollBack is not null));
        if (state == UpdateState.Paused)
        {
            Assert.Equal("update paused due to failure or early termination of task task-1-3", plan.Update.Message);
            Assert.Empty(plan.Stop);
        }
    }

    [Fact]
    public void A_task_that_ran_longer_than_it_is_watched_is_no_failure_of_the_update()
    {
        var service = Running(Updated("""{"Parallelism":1,"Monitor":5000000000}"""));
        var plan = ReplicatedPlan.For(Given.Input(service, Given.Task(service, 1, TaskState.Failed, ago: 3, ranSeconds: 30), Given.Task(service, 2, hash: Old)));
        Assert.Equal(UpdateState.Updating, plan.Update!.State);
    }

    [Fact]
    public void A_rollback_of_what_runs_nothing_is_complete()
    {
        var service = Updated("{}", """{"Replicated":{"Replicas":0}}""");
        var plan = ReplicatedPlan.For(Given.Input(service with { Change = new SpecChange { IsRollback = true, At = Given.Now } }));
        Assert.Equal(UpdateState.RollbackCompleted, plan.Update!.State);
    }

    [Fact]
    public void What_only_scales_is_no_update() =>
        Assert.Null(ReplicatedPlan.For(Given.Input(Given.Service(Four), Given.Task(Given.Service(), 1))).Update);

    private static SwarmService Updated(string config, string mode = Four) => Given.Service(mode, rest: $$""","UpdateConfig":{{config}}""") with
    {
        PreviousSpec = JsonElement.Parse("{}"),
        Change = new SpecChange { At = Given.Now.AddMinutes(-5) },
    };

    private static SwarmService Running(SwarmService service) => service with
    {
        Status = new SwarmServiceStatus { ObservedGeneration = 1, Update = new UpdateState { State = UpdateState.Updating, StartedAt = Given.Now.AddMinutes(-5) } },
    };
}
