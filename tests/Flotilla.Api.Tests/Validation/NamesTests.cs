using Flotilla.Api.Validation;

namespace Flotilla.Api.Tests.Validation;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("a-b.c", true)]
    [InlineData("Bad_Name", false)]
    [InlineData("-a", false)]
    [InlineData("a..b", false)]
    [InlineData("a\n", false)]
    [InlineData("", false)]
    public void Subdomains(string name, bool fine) => Assert.Equal(fine, Names.CheckSubdomain(name) is null);

    [Theory]
    [InlineData("app", true)]
    [InlineData("app.kubernetes.io/name", true)]
    [InlineData("a b", false)]
    [InlineData("/x", false)]
    [InlineData("a/b/c", false)]
    public void Label_keys(string key, bool fine) => Assert.Equal(fine, Names.CheckLabelKey(key) is null);

    [Theory]
    [InlineData("system:node", true)]
    [InlineData("a/b", false)]
    [InlineData("..", false)]
    [InlineData("50%", false)]
    public void Path_segments(string name, bool fine) => Assert.Equal(fine, Names.CheckPathSegment(name) is null);

    [Fact]
    public void Names_are_bounded() => Assert.Equal("must be no more than 63 bytes", Names.CheckLabel(new string('a', 64)));

    [Theory]
    [InlineData("http", true)]
    [InlineData("a..b", false)]
    [InlineData("a\n", false)]
    [InlineData("80", false)]
    [InlineData("name-longer-than-15", false)]
    public void Port_names(string name, bool fine) => Assert.Equal(fine, !Names.CheckPortName(name).Any());
}
