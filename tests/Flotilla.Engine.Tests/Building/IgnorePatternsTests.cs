using Flotilla.Engine.Building;

namespace Flotilla.Engine.Tests.Building;

public sealed class IgnorePatternsTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("a/b/c", true)]
    [InlineData("b/a", false)]
    [InlineData("x.tmp", true)]
    [InlineData("b/x.tmp", false)]
    [InlineData("b/c/x.log", true)]
    [InlineData("x.log", true)]
    [InlineData("keep.log", false)]
    [InlineData("docs/one.md", true)]
    [InlineData("docs/README.md", false)]
    [InlineData("f1", true)]
    [InlineData("f10", false)]
    [InlineData("g3", true)]
    public void The_last_line_that_matches_decides(string path, bool excluded) =>
        Assert.Equal(excluded, new IgnorePatterns(["# comment", "/a/", "*.tmp", "**/*.log", "!keep.log", "docs", "!docs/README.md", "./f?", "g[1-4]"]).Excludes(path));

    [Fact]
    public void Patterns_that_are_none_are_refused()
    {
        Assert.Throws<FormatException>(() => new IgnorePatterns(["!"]));
        Assert.Throws<FormatException>(() => new IgnorePatterns(["a[b"]));
    }

    [Fact]
    public async Task An_archive_of_a_context_has_what_is_left_and_a_Dockerfile_from_elsewhere()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-context-").FullName;
        try
        {
            var context = Path.Combine(directory, "context");
            Directory.CreateDirectory(Path.Combine(context, "sub", "deep"));
            foreach (var file in (string[])["a", "sub/b", "sub/deep/c", "Dockerfile"])
            {
                await File.WriteAllTextAsync(Path.Combine(context, file), file, TestContext.Current.CancellationToken);
            }

            await File.WriteAllTextAsync(Path.Combine(context, ".dockerignore"), "*\n!sub/deep\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(directory, "Other"), "FROM x", TestContext.Current.CancellationToken);
            Assert.Equal([".dockerignore", "Dockerfile", "sub/deep/", "sub/deep/c"], await NamesAsync(new ContextArchive(context, Path.Combine(context, "Dockerfile"))));
            var other = new ContextArchive(context, Path.Combine(directory, "Other"));
            Assert.Equal([".dockerignore", "sub/deep/", "sub/deep/c", other.Dockerfile], await NamesAsync(other));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(ContextArchive archive)
    {
        using var bytes = new MemoryStream();
        await archive.WriteAsync(bytes, TestContext.Current.CancellationToken);
        bytes.Position = 0;
        await using var reader = new System.Formats.Tar.TarReader(bytes);
        List<string> names = [];
        while (await reader.GetNextEntryAsync(cancellationToken: TestContext.Current.CancellationToken) is { } entry)
        {
            names.Add(entry.Name);
            Assert.Equal((0, 0), (entry.Uid, entry.Gid));
        }

        return names;
    }
}
