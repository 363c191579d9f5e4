namespace Flotilla.Docker.Tests;

public sealed class LookupTests
{
    private static readonly (string Id, string Name)[] All = [("abc1", "web"), ("abd2", "abc"), ("xyz3", "db"), ("web4", "cache")];

    [Theory]
    [InlineData("abc1", "abc1")]
    [InlineData("abc", "abd2")]
    [InlineData("web", "abc1")]
    [InlineData("x", "xyz3")]
    public void An_id_wins_over_a_name_and_a_name_over_the_beginning_of_an_id(string word, string id) => Assert.Equal(id, Find(word));

    [Fact]
    public void Says_what_is_ambiguous_or_not_there()
    {
        Assert.Equal("service ab is ambiguous (2 matches found)", Assert.Throws<DockerException>(() => Find("ab")).Message);
        Assert.Equal((404, "service nope not found"), (Assert.Throws<DockerException>(() => Find("nope")).Code, Assert.Throws<DockerException>(() => Find("nope")).Message));
    }

    private static string Find(string word) => Lookup.Find<Tuple<string, string>>("service", word, [.. All.Select(one => Tuple.Create(one.Id, one.Name))], one => one.Item1, one => one.Item2).Item1;
}
