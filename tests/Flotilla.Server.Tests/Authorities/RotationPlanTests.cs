using Flotilla.Client.Joining;
using Flotilla.Server.Authorities;
using Flotilla.Server.Identity;
using k8s.Models;

namespace Flotilla.Server.Tests.Authorities;

public sealed class RotationPlanTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public void It_waits_for_every_node_but_the_servers_own_that_does_not_go_by_the_next_authority()
    {
        V1Node[] nodes = [Node("server", "True"), Node("old", "True", "old", "old"), Node("trusts", "True", "old", "next", "old"), Node("mixed", "True", "", "next", "old"), Node("done", "True", "next", "next", "old"), Node("silent-yet", "Unknown", "old", "old")];

        Assert.Equal(["mixed", "old", "silent-yet", "trusts"], RotationPlan.Awaited(nodes, ["server"], "next", Soon));
    }

    [Fact]
    public void Who_is_silent_is_waited_for_for_a_while_and_who_gives_signs_of_life_however_long()
    {
        V1Node[] nodes = [Node("silent", "Unknown", "old", "old"), Node("never-heard", null), Node("unfit", "False", "old", "old"), Node("older", "True")];

        Assert.Equal(["never-heard", "older", "silent", "unfit"], RotationPlan.Awaited(nodes, ["server"], "next", RotationPlan.PatienceWithAbsent - TimeSpan.FromSeconds(1)));
        Assert.Equal(["older", "unfit"], RotationPlan.Awaited(nodes, ["server"], "next", RotationPlan.PatienceWithAbsent));
    }

    [Fact]
    public void It_ends_when_nobody_is_awaited_and_who_is_just_joining_has_had_time_to()
    {
        Assert.False(RotationPlan.MayGoOn(AuthorityStep.Signs, [], TimeSpan.Zero));
        Assert.False(RotationPlan.MayGoOn(AuthorityStep.Signs, ["a"], RotationPlan.PatienceWithAbsent));
        Assert.True(RotationPlan.MayGoOn(AuthorityStep.Signs, [], RotationPlan.Shortest));
    }

    [Fact]
    public void The_next_one_signs_as_soon_as_every_server_knows_it()
    {
        Assert.False(RotationPlan.MayGoOn(AuthorityStep.Known, ["server"], RotationPlan.PatienceWithAbsent));
        Assert.True(RotationPlan.MayGoOn(AuthorityStep.Known, [], TimeSpan.Zero));
    }

    [Fact]
    public void A_server_that_is_away_is_not_waited_for_and_a_node_that_looks_like_one_is()
    {
        V1Node[] nodes = [Node("away", "Unknown"), Node("looks", "True", "old", "old")];
        Array.ForEach(nodes, node => node.Metadata.Labels = new Dictionary<string, string> { [ServerLeases.NodeLabel] = "" });

        Assert.Equal(["looks"], RotationPlan.Awaited(nodes, ["server"], "next", Soon));
    }

    private static V1Node Node(string name, string? ready, string? certificates = null, params string[] trusted) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Annotations = certificates is null ? null : new Dictionary<string, string>(new NodeTrust(trusted, certificates).Annotations) },
        Status = new V1NodeStatus { Conditions = ready is null ? [] : [new V1NodeCondition { Type = "Ready", Status = ready }] },
    };
}
