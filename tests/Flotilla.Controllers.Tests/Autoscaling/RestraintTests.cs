using Flotilla.Controllers.Autoscaling;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Autoscaling;

public sealed class RestraintTests
{
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(3, 30, 6, "ScaleUpLimit")]
    [InlineData(1, 30, 4, "ScaleUpLimit")]
    [InlineData(8, 30, 10, "TooManyReplicas")]
    [InlineData(3, 5, 5, null)]
    public void Without_rules_a_target_at_most_doubles(int current, int wanted, int expected, string? limit) =>
        Expect(expected, limit, Restraint.On(Spec(null), new ScaleHistory(current, Now), current, wanted, Now));

    [Fact]
    public void A_target_shrinks_only_when_nothing_more_was_recommended_for_five_minutes()
    {
        var history = new ScaleHistory(8, Now);
        var held = Restraint.On(Spec(null), history, 8, 2, Now.AddMinutes(1));
        Assert.Equal((8, "ScaleDownStabilized"), (held.Replicas, held.Stabilized.Name));
        var free = Restraint.On(Spec(null), history, 8, 1, Now.AddSeconds(301));
        Assert.Equal((2, "ScaleDownStabilized"), (free.Replicas, free.Stabilized.Name));
        var last = Restraint.On(Spec(null), history, 2, 1, Now.AddSeconds(650));
        Assert.Equal((2, "TooFewReplicas"), (last.Replicas, last.Limit.Name));
    }

    [Theory]
    [InlineData("Max", 10, 20, 15, "ScaleUpLimit")] // Half as many more.
    [InlineData("Min", 10, 20, 12, "ScaleUpLimit")] // Two more.
    [InlineData("Disabled", 10, 20, 10, "ScaleUpLimit")]
    [InlineData("Max", 10, 11, 11, null)]
    public void Policies_limit_how_fast_it_grows(string select, int current, int wanted, int expected, string? limit)
    {
        var up = Rules(select, 0, ("Percent", 50, 60), ("Pods", 2, 60));
        Expect(expected, limit, Restraint.On(Spec(new() { ScaleUp = up, ScaleDown = Rules("Max", 0, ("Percent", 100, 60)) }, 100), new ScaleHistory(current, Now), current, wanted, Now));
    }

    [Theory]
    [InlineData("Max", 10, 2, 5, "ScaleDownLimit")]
    [InlineData("Min", 10, 2, 8, "ScaleDownLimit")]
    [InlineData("Disabled", 10, 2, 10, "ScaleDownLimit")]
    [InlineData("Max", 3, 1, 2, "TooFewReplicas")]
    public void Policies_limit_how_fast_it_shrinks(string select, int current, int wanted, int expected, string? limit)
    {
        var down = Rules(select, 0, ("Percent", 50, 60), ("Pods", 2, 60));
        Expect(expected, limit, Restraint.On(Spec(new() { ScaleUp = Rules("Max", 0, ("Percent", 100, 60)), ScaleDown = down }), new ScaleHistory(current, Now), current, wanted, Now));
    }

    [Fact]
    public void What_was_added_in_a_period_counts_against_it()
    {
        var history = new ScaleHistory(10, Now.AddMinutes(-5));
        history.Rescaled(2, Now.AddSeconds(-30));
        var behavior = new V2HorizontalPodAutoscalerBehavior { ScaleUp = Rules("Max", 0, ("Pods", 3, 60)), ScaleDown = Rules("Max", 0, ("Percent", 100, 60)) };
        Assert.Equal(13, Restraint.On(Spec(behavior, 100), history, 12, 20, Now).Replicas);
        Assert.Equal(15, Restraint.On(Spec(behavior, 100), history, 12, 20, Now.AddSeconds(31)).Replicas);
    }

    [Fact]
    public void Growth_waits_for_the_lowest_recommendation_of_its_window()
    {
        var history = new ScaleHistory(2, Now);
        var behavior = new V2HorizontalPodAutoscalerBehavior { ScaleUp = Rules("Max", 60, ("Pods", 10, 60)), ScaleDown = Rules("Max", 60, ("Percent", 100, 60)) };
        var held = Restraint.On(Spec(behavior), history, 2, 6, Now.AddSeconds(15));
        Assert.Equal((2, "ScaleUpStabilized"), (held.Replicas, held.Stabilized.Name));
        Assert.Equal(4, Restraint.On(Spec(behavior), history, 2, 4, Now.AddSeconds(61)).Replicas);
    }

    private static void Expect(int replicas, string? limit, Restraint restraint) =>
        Assert.Equal((replicas, limit is not null, limit ?? "DesiredWithinRange"), (restraint.Replicas, restraint.IsLimited, restraint.Limit.Name));

    private static V2HorizontalPodAutoscalerSpec Spec(V2HorizontalPodAutoscalerBehavior? behavior, int most = 10) =>
        new() { MinReplicas = 2, MaxReplicas = most, Behavior = behavior };

    private static V2HPAScalingRules Rules(string select, int window, params (string Type, int Value, int Period)[] policies) => new()
    {
        SelectPolicy = select,
        StabilizationWindowSeconds = window,
        Policies = [.. policies.Select(policy => new V2HPAScalingPolicy { Type = policy.Type, Value = policy.Value, PeriodSeconds = policy.Period })],
    };
}
