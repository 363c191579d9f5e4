namespace Flotilla.Docker.Tests;

public sealed class FiltersTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["tier"] = "web", ["zone"] = "" };

    [Theory]
    [InlineData("""{"label":{"tier=web":true}}""", true)]
    [InlineData("""{"label":["tier=web"]}""", true)]
    [InlineData("""{"label":["tier","zone"]}""", true)]
    [InlineData("""{"label":["tier=web","zone=x"]}""", false)]
    [InlineData("""{"label":{"tier=db":false}}""", true)]
    [InlineData("", true)]
    public void Labels_must_all_match_in_either_form(string text, bool matches) => Assert.Equal(matches, Filters.Parse(text, "label").Labels("label", Labels));

    [Theory]
    [InlineData("""{"label!":["tier=web"]}""", false)]
    [InlineData("""{"label!":["tier=db"]}""", true)]
    [InlineData("""{"label!":["tier=db","zone"]}""", false)]
    public void None_of_the_labels_that_are_shut_out_may_be_there(string text, bool matches) => Assert.Equal(matches, Filters.Parse(text, "label!").Without("label!", Labels));

    [Theory]
    [InlineData("""{"dangling":{"true":true}}""", true)]
    [InlineData("""{"dangling":["0"]}""", false)]
    [InlineData("{}", null)]
    public void Truth_is_said_in_words_or_digits(string text, bool? truth) => Assert.Equal(truth, Filters.Parse(text, "dangling").Truth("dangling"));

    [Fact]
    public void Anything_else_is_no_truth() =>
        Assert.Equal("invalid filter 'dangling=[maybe]'", Assert.Throws<DockerException>(() => Filters.Parse("""{"dangling":["maybe"]}""", "dangling").Truth("dangling")).Message);

    [Fact]
    public void Values_of_one_key_are_alternatives_and_prefixes()
    {
        var filters = Filters.Parse("""{"name":{"we":true,"db":true}}""", "name");
        Assert.True(filters.Begins("name", "web"));
        Assert.True(filters.Begins("name", "db1"));
        Assert.False(filters.Begins("name", "cache"));
        Assert.True(filters.Begins("id", "anything"));
    }

    [Theory]
    [InlineData("""{"nme":["web"]}""", "invalid filter 'nme'")]
    [InlineData("not json", "invalid filter")]
    [InlineData("[]", "invalid filter")]
    [InlineData("""{"name":3}""", "invalid filter")]
    public void Refuses_what_it_does_not_know(string text, string message)
    {
        var refused = Assert.Throws<DockerException>(() => Filters.Parse(text, "name"));
        Assert.Equal((400, message), (refused.Code, refused.Message));
    }
}
