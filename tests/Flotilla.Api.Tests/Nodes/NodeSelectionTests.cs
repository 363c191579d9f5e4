using Flotilla.Api.Nodes;
using k8s.Models;

namespace Flotilla.Api.Tests.Nodes;

public sealed class NodeSelectionTests
{
    private static readonly V1Node Node = new()
    {
        Metadata = new V1ObjectMeta { Name = "n", Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["zone"] = "a", ["size"] = "7" } },
    };

    [Theory]
    [InlineData("In", "zone", "a,b", true)]
    [InlineData("In", "zone", "b", false)]
    [InlineData("NotIn", "zone", "b", true)]
    [InlineData("NotIn", "missing", "b", true)]
    [InlineData("Exists", "missing", "", false)]
    [InlineData("DoesNotExist", "missing", "", true)]
    [InlineData("Gt", "size", "5", true)]
    [InlineData("Lt", "size", "5", false)]
    [InlineData("Gt", "zone", "5", false)]
    [InlineData("Lt", "missing", "5", false)]
    public void Requirements_on_labels_are_read_as_upstream(string operation, string key, string values, bool matches) =>
        Assert.Equal(matches, NodeSelection.Matches(Requires(new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = key, OperatorProperty = operation, Values = values.Split(',') }] }), Node));

    [Theory]
    [InlineData("metadata.name", "n", true)]
    [InlineData("metadata.name", "other", false)]
    [InlineData("metadata.uid", "n", false)]
    public void The_only_field_is_the_name(string key, string value, bool matches) =>
        Assert.Equal(matches, NodeSelection.Matches(Requires(new V1NodeSelectorTerm { MatchFields = [new V1NodeSelectorRequirement { Key = key, OperatorProperty = "In", Values = [value] }] }), Node));

    [Fact]
    public void One_term_is_enough_and_an_empty_one_selects_nothing()
    {
        var fits = new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = "zone", OperatorProperty = "Exists" }] };
        Assert.True(NodeSelection.Matches(Requires(new V1NodeSelectorTerm(), fits), Node));
        Assert.False(NodeSelection.Matches(Requires(new V1NodeSelectorTerm()), Node));
        Assert.False(NodeSelection.Matches(Requires(), Node));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("b", false)]
    public void The_plain_selector_must_match_too(string zone, bool matches) =>
        Assert.Equal(matches, NodeSelection.Matches(new V1PodSpec { NodeSelector = new Dictionary<string, string>(StringComparer.Ordinal) { ["zone"] = zone } }, Node));

    private static V1PodSpec Requires(params V1NodeSelectorTerm[] terms) => new()
    {
        Affinity = new V1Affinity { NodeAffinity = new V1NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector { NodeSelectorTerms = terms } } },
    };
}
