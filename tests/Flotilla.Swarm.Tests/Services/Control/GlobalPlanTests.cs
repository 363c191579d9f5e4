using Flotilla.Swarm.Services.Control;
using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Tests.Services.Control;

public sealed class GlobalPlanTests
{
    private const string Global = """{"Global":{}}""";

    [Fact]
    public void Every_node_gets_one() =>
        Assert.Equal(["n1", "n2"], GlobalPlan.For(Given.Input(Given.Service(Global))).Create.Select(task => task.Place.Node));

    [Theory]
    [InlineData("drain", true, 1)]
    [InlineData("pause", true, 0)]
    [InlineData("active", false, 1)]
    public void What_a_node_may_no_longer_have_is_stopped(string availability, bool satisfies, int stopped)
    {
        var service = Given.Service(Global);
        var nodes = Given.Nodes("n1", "n2");
        nodes["n1"] = nodes["n1"] with { Availability = availability, Satisfies = satisfies };
        var plan = GlobalPlan.For(Given.Input(service, Given.Task(service, 0, forNode: "n1"), Given.Task(service, 0, node: "n2", forNode: "n2")) with { Nodes = nodes });
        Assert.Equal(stopped, plan.Stop.Distinct().Count());
        Assert.Empty(plan.Create);
    }

    [Fact]
    public void A_job_is_done_when_so_many_have_completed()
    {
        var service = Given.Service("""{"ReplicatedJob":{"MaxConcurrent":2,"TotalCompletions":5}}""");
        Assert.Equal([0, 1], JobPlan.For(Given.Input(service)).Create.Select(task => task.Place.Slot));
        var plan = JobPlan.For(Given.Input(service, Given.Task(service, 0, TaskState.Complete), Given.Task(service, 1)));
        Assert.Equal([2], plan.Create.Select(task => task.Place.Slot));
        plan = JobPlan.For(Given.Input(service, [.. Enumerable.Range(0, 5).Select(slot => Given.Task(service, slot, TaskState.Complete))]));
        Assert.Empty(plan.Create);
    }
}
