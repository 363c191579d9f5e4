using Flotilla.Api.Selectors;

namespace Flotilla.Api.Tests.Selectors;

public sealed class SelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["tier"] = "front" };

    [Theory]
    [InlineData("", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web,tier!=back", true)]
    [InlineData("app in (db, web)", true)]
    [InlineData("app notin (web)", false)]
    [InlineData("other notin (web)", true)]
    [InlineData("app,!other", true)]
    [InlineData("!app", false)]
    public void Selects_by_labels(string selector, bool expected) => Assert.Equal(expected, LabelSelector.Parse(selector).Matches(Labels));

    [Fact]
    public void Selects_by_expressions()
    {
        var selector = LabelSelector.From(Given.Json("""{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["front"]},{"key":"x","operator":"DoesNotExist"}]}"""));

        Assert.True(selector!.Matches(Labels));
    }

    [Fact]
    public void An_absent_selector_is_no_selector() => Assert.Null(LabelSelector.From(null));

    [Fact]
    public void Refuses_nonsense() => Assert.Throws<FormatException>(() => LabelSelector.Parse("a===b"));
}
