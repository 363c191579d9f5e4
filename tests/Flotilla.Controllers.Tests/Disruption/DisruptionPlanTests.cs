using Flotilla.Controllers.Disruption;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Disruption;

public sealed class DisruptionPlanTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    [Theory]
    [InlineData("2", null, 3, 0, 3, 2, 1)]
    [InlineData("5", null, 3, 0, 3, 5, 0)]
    [InlineData("50%", null, 3, 5, 5, 3, 0)]
    [InlineData(null, "1", 3, 4, 4, 3, 0)]
    [InlineData(null, "1", 4, 4, 4, 3, 1)]
    [InlineData(null, "30%", 4, 4, 4, 2, 2)]
    [InlineData(null, "200", 2, 4, 4, 0, 2)]
    [InlineData("0", null, 0, 0, 0, 0, 0)]
    public void Allows_what_is_healthy_beyond_what_is_desired(string? least, string? most, int healthy, int scale, int expected, int desired, int allowed)
    {
        var status = DisruptionPlan.For(Budget(least, most), [.. Enumerable.Range(0, healthy).Select(i => Pod($"p{i}"))], scale, Now).Status;
        Assert.Equal((expected, desired, healthy, allowed), (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed));
        Assert.Equal(allowed > 0 ? "SufficientPods" : "InsufficientPods", Assert.Single(status.Conditions).Reason);
    }

    [Fact]
    public void An_evicted_pod_counts_no_more_until_it_is_late()
    {
        var budget = Budget("1", null);
        budget.Status = new V1PodDisruptionBudgetStatus { DisruptedPods = new Dictionary<string, DateTime?> { ["p0"] = Now.AddSeconds(-30), ["p1"] = Now.AddSeconds(-130), ["gone"] = Now } };
        var plan = DisruptionPlan.For(budget, [Pod("p0"), Pod("p1")], 0, Now);
        Assert.Equal(1, plan.Status.CurrentHealthy);
        Assert.Equal(["p0"], plan.Status.DisruptedPods.Keys);
        Assert.Equal("p1", Assert.Single(plan.NotDeleted).Metadata.Name);
        Assert.Equal(TimeSpan.FromSeconds(90), plan.Recheck);
    }

    [Fact]
    public void Pods_that_are_going_or_not_ready_are_not_healthy()
    {
        var (going, unready) = (Pod("a"), Pod("b"));
        going.Metadata.DeletionTimestamp = Now;
        unready.Status.Conditions[0].Status = "False";
        Assert.Equal(0, DisruptionPlan.For(Budget("1", null), [going, unready], 0, Now).Status.CurrentHealthy);
    }

    [Fact]
    public void Nothing_is_allowed_while_the_scale_is_unknown()
    {
        var status = DisruptionPlan.Failed(Budget("1%", null), "jobs.batch does not implement the scale subresource", Now);
        var condition = Assert.Single(status.Conditions);
        Assert.Equal((0, "False", "SyncFailed", "jobs.batch does not implement the scale subresource"), (status.DisruptionsAllowed, condition.Status, condition.Reason, condition.Message));
    }

    private static V1PodDisruptionBudget Budget(string? least, string? most) => new()
    {
        Metadata = new V1ObjectMeta { Name = "b", NamespaceProperty = "n", Generation = 1 },
        Spec = new V1PodDisruptionBudgetSpec { MinAvailable = least is null ? null : (IntOrString)least, MaxUnavailable = most is null ? null : (IntOrString)most },
    };

    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "n" },
        Status = new V1PodStatus { Phase = "Running", Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }] },
    };
}
