using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Tests.Routing;

public sealed class PathTableTests
{
    [Theory]
    // The examples of the API's documentation.
    [InlineData(PathKind.Prefix, "/", "/any/thing", true)]
    [InlineData(PathKind.Exact, "/foo", "/foo", true)]
    [InlineData(PathKind.Exact, "/foo", "/bar", false)]
    [InlineData(PathKind.Exact, "/foo", "/foo/", false)]
    [InlineData(PathKind.Exact, "/foo/", "/foo", false)]
    [InlineData(PathKind.Prefix, "/foo", "/foo", true)]
    [InlineData(PathKind.Prefix, "/foo", "/foo/", true)]
    [InlineData(PathKind.Prefix, "/foo/", "/foo", true)]
    [InlineData(PathKind.Prefix, "/foo/", "/foo/", true)]
    [InlineData(PathKind.Prefix, "/aaa/bb", "/aaa/bbb", false)]
    [InlineData(PathKind.Prefix, "/aaa/bbb", "/aaa/bbb", true)]
    [InlineData(PathKind.Prefix, "/aaa/bbb/", "/aaa/bbb", true)]
    [InlineData(PathKind.Prefix, "/aaa/bbb", "/aaa/bbb/", true)]
    [InlineData(PathKind.Prefix, "/aaa/bbb", "/aaa/bbb/ccc", true)]
    [InlineData(PathKind.Prefix, "/aaa/bbb", "/aaa/bbbxyz", false)]
    [InlineData(PathKind.Prefix, "/foo", "/FOO", false)]
    [InlineData(PathKind.Start, "/foo", "/foobar", true)]
    [InlineData(PathKind.Start, "/foo", "/fo", false)]
    [InlineData(PathKind.Pattern, "/foo/(.*)", "/Foo/x", true)]
    [InlineData(PathKind.Pattern, "/foo$", "/foo/x", false)]
    [InlineData(PathKind.Pattern, "/a", "/b/a", false)]
    public void Paths_match_as_documented(object kind, string rule, string path, bool expected) =>
        Assert.Equal(expected, new PathTable<string>([new PathRule<string>((PathKind)kind, rule, "it")]).Find(path) is not null);

    [Fact]
    public void Exact_wins_then_the_longest()
    {
        var table = new PathTable<string>(
        [
            new(PathKind.Prefix, "/", "root"), new(PathKind.Prefix, "/aaa", "prefix"), new(PathKind.Prefix, "/aaa/bbb", "longer"),
            new(PathKind.Exact, "/aaa/bbb", "exact"), new(PathKind.Start, "/aaa/bbb/c", "start"), new(PathKind.Start, "/aaa", "shorter start"),
        ]);

        Assert.Equal("exact", table.Find("/aaa/bbb"));
        Assert.Equal("longer", table.Find("/aaa/bbb/x"));
        Assert.Equal("start", table.Find("/aaa/bbb/cc"));
        Assert.Equal("prefix", table.Find("/aaa/b"));
        Assert.Equal("shorter start", table.Find("/aaaa"));
        Assert.Equal("root", table.Find("/b"));
    }

    [Fact]
    public void Of_two_equal_rules_the_first_counts() =>
        Assert.Equal("one", new PathTable<string>([new(PathKind.Prefix, "/a/", "one"), new(PathKind.Prefix, "/a", "two")]).Find("/a"));

    [Fact]
    public void A_pattern_that_could_take_for_ever_is_refused() => Assert.Contains("linear time", PathPattern.Check(@"(a+)\1"), StringComparison.Ordinal);
}
