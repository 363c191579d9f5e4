using Flotilla.Client.Joining;
using Flotilla.Server.Authorities;
using k8s.Models;

namespace Flotilla.Server.Tests.Authorities;

public sealed class RotationPlanTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public void It_waits_for_every_node_but_the_servers_own_that_does_not_go_by_the_next_authority()
    {
        V1Node[] nodes = [Node("server", "True"), Node("old", "True", "old", "old"), Node("trusts", "True", "old", "next", "old"), Node("mixed", "True", "", "next", "old"), Node("done", "True", "next", "next", "old"), Node("silent-yet", "Unknown", "old", "old")];

        Assert.Equal(["mixed", "old", "silent-yet", "trusts"], RotationPlan.Awaited(nodes, "server", "next", Soon));
    }

    [Fact]
    public void Who_is_silent_is_waited_for_for_a_while_and_who_gives_signs_of_life_however_long()
    {
        V1Node[] nodes = [Node("silent", "Unknown", "old", "old"), Node("never-heard", null), Node("unfit", "False", "old", "old"), Node("older", "True")];

        Assert.Equal(["never-heard", "older", "silent", "unfit"], RotationPlan.Awaited(nodes, "server", "next", RotationPlan.PatienceWithAbsent - TimeSpan.FromSeconds(1)));
        Assert.Equal(["older", "unfit"], RotationPlan.Awaited(nodes, "server", "next", RotationPlan.PatienceWithAbsent));
    }

    [Fact]
    public void It_ends_when_nobody_is_awaited_and_who_is_just_joining_has_had_time_to()
    {
        Assert.False(RotationPlan.MayEnd([], TimeSpan.Zero));
        Assert.False(RotationPlan.MayEnd(["a"], RotationPlan.PatienceWithAbsent));
        Assert.True(RotationPlan.MayEnd([], RotationPlan.Shortest));
    }

    private static V1Node Node(string name, string? ready, string? certificates = null, params string[] trusted) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Annotations = certificates is null ? null : new Dictionary<string, string>(new NodeTrust(trusted, certificates).Annotations) },
        Status = new V1NodeStatus { Conditions = ready is null ? [] : [new V1NodeCondition { Type = "Ready", Status = ready }] },
    };
}
