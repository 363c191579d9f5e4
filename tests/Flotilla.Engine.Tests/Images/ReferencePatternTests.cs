using Flotilla.Engine.Images;

namespace Flotilla.Engine.Tests.Images;

public sealed class ReferencePatternTests
{
    [Theory]
    [InlineData("web", "docker.io/library/web:1", true)]
    [InlineData("web:1", "docker.io/library/web:1", true)]
    [InlineData("web:2", "docker.io/library/web:1", false)]
    [InlineData("w*", "docker.io/library/web:1", true)]
    [InlineData("*:1", "docker.io/library/web:1", true)]
    [InlineData("*", "docker.io/team/web:1", false)]
    [InlineData("*/*", "docker.io/team/web:1", true)]
    [InlineData("team/we?", "docker.io/team/web:1", true)]
    [InlineData("[u-x]eb", "docker.io/library/web:1", true)]
    [InlineData("[^w]eb", "docker.io/library/web:1", false)]
    [InlineData("localhost:5000/*", "localhost:5000/web:1", true)]
    [InlineData("we", "docker.io/library/web:1", false)]
    public void Meets_the_repository_or_the_whole_name(string pattern, string name, bool matches) => Assert.Equal(matches, ReferencePattern.Matches(pattern, name));
}
