using Flotilla.Controllers.Deployments;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Deployments;

public sealed class RolloutTests
{
    [Theory]
    [InlineData(10, "25%", "25%", 3, 2)]
    [InlineData(1, "25%", "25%", 1, 0)]
    [InlineData(4, "1", "0", 1, 0)]
    [InlineData(3, "0", "10%", 0, 1)]
    [InlineData(2, "0", "5", 0, 2)]
    [InlineData(0, "25%", "25%", 0, 0)]
    public void Surge_rounds_up_and_unavailable_down_and_both_never_are_nothing(int replicas, string surge, string unavailable, int maxSurge, int maxUnavailable)
    {
        var deployment = Example(replicas, surge, unavailable);
        Assert.Equal(maxSurge, RolloutMath.MaxSurge(deployment));
        Assert.Equal(maxUnavailable, RolloutMath.MaxUnavailable(deployment));
    }

    // desired 10, surge 3 and unavailable 2: between 8 available and 13 in all.
    [Theory]
    [InlineData(0, 0, 10, 10, "new>3")] // room for the surge alone
    [InlineData(3, 0, 10, 10, "old>8")] // none of the new is ready: two old may go
    [InlineData(3, 3, 10, 10, "old>5")] // three more are available
    [InlineData(5, 3, 8, 8, "old>5")]
    [InlineData(5, 5, 8, 4, "old>3")] // unhealthy old pods go first, then one that is spare
    [InlineData(10, 8, 0, 0, "")]
    [InlineData(12, 12, 0, 0, "new>10")]
    public void A_rolling_update_goes_step_by_step_within_its_bounds(int newSize, int newAvailable, int oldSize, int oldAvailable, string expected)
    {
        var sets = new RolloutSets(Set("new", newSize, newAvailable, 2), [Set("old", oldSize, oldAvailable, 1)]);
        Assert.Equal(expected, Text(Rollout.RollingStep(Example(10, "25%", "25%"), sets)));
    }

    [Fact]
    public void However_pods_behave_a_rollout_keeps_its_bounds_and_ends()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var desired = random.Next(1, 30);
            var deployment = Example(desired, $"{random.Next(0, 50)}%", $"{random.Next(0, 50)}%");
            var sets = new RolloutSets(Set("new", 0, 0, 3), [Set("older", 0, 0, 1), Set("old", desired, desired, 2)]);
            var steps = 0;
            while (!(RolloutSets.Size(sets.New!) == desired && sets.TotalSize == desired && RolloutSets.Available(sets.New!) == desired))
            {
                Assert.True(++steps < 1000, $"seed {seed}: the rollout does not end");
                sets = Rollout.RollingStep(deployment, sets).Aggregate(
                    sets, (now, step) => now.With(Set(step.Set.Metadata.Name, step.To, Math.Min(step.To, RolloutSets.Available(step.Set)), RolloutSets.Size(step.Set))));
                Assert.True(sets.TotalSize <= desired + RolloutMath.MaxSurge(deployment), $"seed {seed}: too many");
                Assert.True(sets.All.Sum(RolloutSets.Available) >= RolloutMath.MinAvailable(deployment), $"seed {seed}: too few");
                foreach (var set in sets.All.Where(_ => random.Next(2) == 0).ToList())
                {
                    sets = sets.With(Set(set.Metadata.Name, RolloutSets.Size(set), Math.Min(RolloutSets.Size(set), RolloutSets.Available(set) + 1), 0));
                }
            }
        }
    }

    [Fact]
    public void Recreate_waits_for_the_last_old_pod()
    {
        var deployment = Example(3, null, null);
        var running = new RolloutSets(null, [Set("old", 3, 3, 1)]);
        Assert.Equal("old>0", Text(Rollout.RecreateStep(deployment, running, oldPodsRun: true)));

        var emptied = new RolloutSets(Set("new", 0, 0, 2), [Set("old", 0, 0, 1)]);
        Assert.Equal("", Text(Rollout.RecreateStep(deployment, emptied, oldPodsRun: true)));
        Assert.Equal("new>3", Text(Rollout.RecreateStep(deployment, emptied, oldPodsRun: false)));
    }

    [Theory]
    [InlineData(20, 8, 5, "new>14 old>9")] // 13 of 10+3 become 23
    [InlineData(5, 8, 5, "new>5 old>3")]
    [InlineData(0, 8, 5, "new>0 old>0")]
    public void Scaling_amid_a_rollout_keeps_the_proportion(int replicas, int newSize, int oldSize, string expected)
    {
        var deployment = Example(replicas, "3", "2");
        var sets = new RolloutSets(Set("new", newSize, newSize, 2, scaledTo: 10), [Set("old", oldSize, oldSize, 1, scaledTo: 10)]);
        Assert.True(ProportionalScaling.IsNeeded(deployment, sets));
        Assert.Equal(expected, Text(ProportionalScaling.For(deployment, sets)));
    }

    [Fact]
    public void A_set_alone_is_scaled_as_it_stands()
    {
        var sets = new RolloutSets(Set("new", 10, 10, 2, scaledTo: 10), []);
        Assert.Equal("new>4", Text(ProportionalScaling.For(Example(4, "3", "2"), sets)));
        Assert.False(ProportionalScaling.IsNeeded(Example(10, "3", "2"), sets));
    }

    [Fact]
    public void Hashes_do_not_depend_on_the_order_of_fields_and_spell_no_words()
    {
        var left = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" } } };
        var right = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" } } };
        var hash = TemplateHash.Compute(left, null);
        Assert.Equal(hash, TemplateHash.Compute(right, null));
        Assert.NotEqual(hash, TemplateHash.Compute(left, 1));
        Assert.Matches("^[bcdfghjklmnpqrstvwxz2456789]{1,10}$", hash);

        right.Metadata.Labels[TemplateHash.Label] = hash;
        Assert.True(TemplateHash.AreSame(left, right));
    }

    private static string Text(IEnumerable<Resize> steps) => string.Join(' ', steps.Select(step => $"{step.Set.Metadata.Name}>{step.To}"));

    private static V1Deployment Example(int replicas, string? surge, string? unavailable) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "d" },
        Spec = new V1DeploymentSpec
        {
            Replicas = replicas,
            Selector = new V1LabelSelector(),
            Template = new V1PodTemplateSpec(),
            Strategy = surge is null
                ? new V1DeploymentStrategy { Type = "Recreate" }
                : new V1DeploymentStrategy
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new V1RollingUpdateDeployment { MaxSurge = surge, MaxUnavailable = unavailable },
                },
        },
    };

    private static V1ReplicaSet Set(string name, int size, int available, int age, int? scaledTo = null) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Uid = name,
            CreationTimestamp = new DateTime(2026, 1, 1, 0, 0, age % 60, DateTimeKind.Utc),
            Annotations = scaledTo is { } scale
                ? new Dictionary<string, string> { [Revisions.DesiredReplicas] = $"{scale}", [Revisions.MaxReplicas] = $"{scale + 3}" }
                : null,
        },
        Spec = new V1ReplicaSetSpec { Replicas = size, Selector = new V1LabelSelector() },
        Status = new V1ReplicaSetStatus { Replicas = size, AvailableReplicas = available },
    };
}
