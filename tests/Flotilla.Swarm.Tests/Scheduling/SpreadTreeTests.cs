using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Scheduling;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Scheduling;

public sealed class SpreadTreeTests
{
    [Fact]
    public void Zones_come_before_nodes_and_nodes_without_a_zone_are_one()
    {
        V1Node[] nodes = [Node("a1", "a"), Node("b1", "b"), Node("b2", "B"), Node("c1", null)];
        var tree = new SpreadTree(["node.labels.zone"], nodes, View, new Dictionary<string, int> { ["a1"] = 1 });
        var chosen = Enumerable.Range(0, 8).Select(_ => tree.Next()[1].Preference.MatchExpressions[0].Values[0]).CountBy(name => name).ToDictionary();
        Assert.Equal((2, 3), (chosen["a1"], chosen["c1"]));
        Assert.Equal(3, chosen["b1"] + chosen["b2"]);
        Assert.InRange(chosen["b1"], 1, 2);
    }

    [Fact]
    public void Nothing_is_preferred_without_preferences_or_nodes()
    {
        Assert.Empty(new SpreadTree([], [Node("a1", "a")], View, new Dictionary<string, int>()).Next());
        Assert.Empty(new SpreadTree(["node.labels.zone"], [], View, new Dictionary<string, int>()).Next());
    }

    private static NodeView View => null!;

    private static V1Node Node(string name, string? zone) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Annotations = zone is null ? null : new Dictionary<string, string> { ["swarm.flotilla.dev/spec"] = $$$"""{"Labels":{"zone":"{{{zone}}}"}}""" } },
    };
}
