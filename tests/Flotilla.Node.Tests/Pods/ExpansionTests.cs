using Flotilla.Node.Pods;

namespace Flotilla.Node.Tests.Pods;

public sealed class ExpansionTests
{
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal) { ["A"] = "1", ["B"] = "two" };

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$(A)-$(B)", "1-two")]
    [InlineData("$(C)", "$(C)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("cost: 5$", "cost: 5$")]
    [InlineData("$(A", "$(A")]
    [InlineData("$x", "$x")]
    public void Known_names_are_replaced_and_everything_else_stays(string text, string expected) =>
        Assert.Equal(expected, Expansion.Expand(text, Variables));
}
