using Flotilla.Node.Cpus;
using Flotilla.Node.Placement;

namespace Flotilla.Node.Tests.Placement;

/// <summary>
/// Hints are written as nodes and "!" when preferred, "*" for anywhere; several of a resource stand side by side, resources
/// are separated by ";". "none" is a resource with no place at all, "-" one that does not care.
/// </summary>
public sealed class TopologyPolicyTests
{
    private const string TwoNodes = "0-1";
    private const string FourNodes = "0-3";

    [Theory]
    [InlineData(TwoNodes, "-", "0-1!")]
    [InlineData(TwoNodes, "none", "0-1")]
    [InlineData(TwoNodes, "*!", "0-1!")]
    [InlineData(TwoNodes, "*", "0-1")]
    [InlineData(TwoNodes, "0!; 0!", "0!")]
    [InlineData(TwoNodes, "1!; 1!", "1!")]
    [InlineData(TwoNodes, "0!; 1!", "0-1")]
    [InlineData(TwoNodes, "0!; 0", "0")]
    [InlineData(TwoNodes, "-; 0!", "0!")]
    [InlineData(TwoNodes, "0! 1!; 0!", "0!")]
    [InlineData(TwoNodes, "0! 1!; 0-1", "0")]
    [InlineData(TwoNodes, "0! 1!; 0! 1! 0-1", "0!")]
    [InlineData(TwoNodes, "1! 0-1; 0! 1! 0-1", "1!")]
    [InlineData(TwoNodes, "0-1!; 0! 1! 0-1", "0-1")]
    [InlineData(FourNodes, "0-3 0-1; 0-1", "0-1")]
    [InlineData(FourNodes, "0-3 0-1; 0,3", "0,3")]
    [InlineData(FourNodes, "0-3 0-1; 1-2", "1-2")]
    [InlineData(FourNodes, "0-3 0-1; 2-3", "2-3")]
    [InlineData(FourNodes, "0-3 0-1; 1-2 2-3", "1-2")]
    [InlineData(FourNodes, "0! 0-1 0-2; 1! 1-2", "1")]
    public void The_best_place_is_preferred_by_all_and_narrow(string machine, string hints, string best)
    {
        Assert.Equal(best, Text(Policy("best-effort").Decide(Mask(machine), Hints(hints)).Where));
        var (where, admits) = Policy("restricted").Decide(Mask(machine), Hints(hints));
        Assert.Equal((best, best.EndsWith('!')), (Text(where), admits));
    }

    [Theory]
    [InlineData("-", "*!", true)]
    [InlineData("none", "*", false)]
    [InlineData("0! 1! 0-1; 0!", "0!", true)]
    [InlineData("0! 1! 0-1; -", "0!", true)]
    [InlineData("0! 1! 0-1; 0-1!", "*", false)]
    [InlineData("0! 0-1; 1! 0-1", "*", false)]
    [InlineData("0; 0!", "*", false)]
    public void A_single_node_serves_all_or_the_pod_stays_out(string hints, string best, bool admits)
    {
        var decided = Policy("single-numa-node").Decide(Mask(TwoNodes), Hints(hints));
        Assert.Equal((best, admits), (Text(decided.Where), decided.Admits));
    }

    [Fact]
    public void Without_a_policy_nobody_is_asked() => Assert.Equal((TopologyHint.Nowhere, true, false), (Policy("none").Decide(Mask(TwoNodes), []).Where, Policy("none").Decide(Mask(TwoNodes), []).Admits, Policy("none").Asks));

    [Fact]
    public void Many_resources_on_many_nodes_are_decided_at_once()
    {
        var all = NumaMask.Of(Enumerable.Range(0, 8));
        IReadOnlyList<TopologyHint> any = [.. all.Subsets().Select(nodes => new TopologyHint(nodes, nodes.Count == 1))];
        Assert.Equal("0!", Text(HintMerge.Best(all, [.. Enumerable.Repeat(any, 6)])));
    }

    private static TopologyPolicy Policy(string name) => TopologyPolicies.All.Single(policy => policy.Name == name);

    private static NumaMask Mask(string nodes) => NumaMask.Of(CpuSet.Parse(nodes));

    private static IReadOnlyList<IReadOnlyList<TopologyHint>> Hints(string text) => HintMerge.Flatten(text.Split("; ").Select((resource, i) =>
        new Dictionary<string, IReadOnlyList<TopologyHint>?> { [$"{i}"] = resource switch { "-" => null, "none" => [], _ => [.. resource.Split(' ').Select(Hint)] } }));

    private static TopologyHint Hint(string text) => new(text[0] == '*' ? null : Mask(text.TrimEnd('!')), text.EndsWith('!'));

    private static string Text(TopologyHint hint) => (hint.Nodes is { } nodes ? CpuSet.Format(nodes.Nodes) : "*") + (hint.IsPreferred ? "!" : "");
}
