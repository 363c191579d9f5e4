using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Tests.Services.Control;

public sealed class ReplicatedPlanTests
{
    private const string Three = """{"Replicated":{"Replicas":3}}""";

    [Fact]
    public void Fills_missing_slots_with_the_lowest_free_numbers()
    {
        var service = Given.Service(Three);
        var plan = ReplicatedPlan.For(Given.Input(service, Given.Task(service, 2)));
        Assert.Equal([1, 3], plan.Create.Select(task => task.Place.Slot));
        Assert.All(plan.Create, task => Assert.Null(task.StartAfter));
    }

    [Fact]
    public void Scales_down_what_does_not_run_first_and_then_where_most_are()
    {
        var service = Given.Service("""{"Replicated":{"Replicas":2}}""");
        var plan = ReplicatedPlan.For(Given.Input(
            service, Given.Task(service, 1, node: "n1"), Given.Task(service, 2, node: "n1"), Given.Task(service, 3, node: "n2"), Given.Task(service, 4, TaskState.Pending)));
        Assert.Equal([4, 2], plan.Remove.Select(task => task.Slot));
        Assert.Empty(plan.Create);
    }

    [Fact]
    public void A_task_that_failed_is_followed_by_one_that_waits_for_the_delay()
    {
        var service = Given.Service(template: """{"RestartPolicy":{"Delay":20000000000}}""");
        var plan = ReplicatedPlan.For(Given.Input(service, Given.Task(service, 1), Given.Task(service, 2, TaskState.Failed, ago: 5)));
        var next = Assert.Single(plan.Create);
        Assert.Equal((2, Given.Now.AddSeconds(15)), (next.Place.Slot, next.StartAfter));
    }

    [Theory]
    [InlineData("none", nameof(TaskState.Failed), false)]
    [InlineData("on-failure", nameof(TaskState.Complete), false)]
    [InlineData("on-failure", nameof(TaskState.Failed), true)]
    [InlineData("any", nameof(TaskState.Complete), true)]
    [InlineData("none", nameof(TaskState.Shutdown), true)]
    public void The_condition_decides_and_only_about_what_ended_by_itself(string condition, string state, bool restarts)
    {
        var service = Given.Service("""{"Replicated":{"Replicas":1}}""", $$$"""{"RestartPolicy":{"Condition":"{{{condition}}}"}}""");
        Assert.Equal(restarts ? 1 : 0, ReplicatedPlan.For(Given.Input(service, Given.Task(service, 1, Enum.Parse<TaskState>(state)))).Create.Count);
    }

    [Theory]
    [InlineData(2, 0, true)]
    [InlineData(3, 0, false)]
    [InlineData(3, 45, true)]
    public void A_slot_is_given_up_after_so_many_attempts_in_the_window(int failures, int windowSeconds, bool restarts)
    {
        var service = Given.Service("""{"Replicated":{"Replicas":1}}""", $$$"""{"RestartPolicy":{"MaxAttempts":2,"Window":{{{windowSeconds * 1_000_000_000L}}}}}""");
        var tasks = Enumerable.Range(1, failures).Select(i => Given.Task(service, 1, TaskState.Failed, ago: 20 * i)).ToArray();
        Assert.Equal(restarts ? 1 : 0, ReplicatedPlan.For(Given.Input(service, tasks)).Create.Count);
    }

    [Fact]
    public void Tasks_leave_a_node_that_is_drained_and_come_back_only_when_they_have_ended()
    {
        var service = Given.Service();
        var nodes = Given.Nodes("n1", "n2");
        nodes["n1"] = nodes["n1"] with { Availability = "drain" };
        var plan = ReplicatedPlan.For(Given.Input(service, Given.Task(service, 1, node: "n1"), Given.Task(service, 2, node: "n2")) with { Nodes = nodes });
        Assert.Equal([1], plan.Stop.Select(task => task.Slot));
        Assert.Empty(plan.Create);
        plan = ReplicatedPlan.For(Given.Input(service, Given.Task(service, 1, isStopping: true), Given.Task(service, 2, node: "n2")) with { Nodes = nodes });
        Assert.Empty(plan.Create);
        plan = ReplicatedPlan.For(Given.Input(service, Given.Task(service, 1, TaskState.Shutdown), Given.Task(service, 2, node: "n2")) with { Nodes = nodes });
        Assert.Equal([1], plan.Create.Select(task => task.Place.Slot));
    }

    [Fact]
    public void A_slot_keeps_as_many_tasks_as_the_limit_says()
    {
        var service = Given.Service("""{"Replicated":{"Replicas":1}}""");
        var tasks = Enumerable.Range(1, 6).Select(i => Given.Task(service, 1, TaskState.Failed, ago: 100 * i)).Prepend(Given.Task(service, 1)).ToArray();
        Assert.Equal(["task-1-500", "task-1-600"], ReplicatedPlan.For(Given.Input(service, tasks)).Remove.Select(task => task.Id));
        Assert.Empty(ReplicatedPlan.For(Given.Input(service, tasks) with { HistoryLimit = -1 }).Remove);
    }
}
