using Flotilla.Engine.Building;
using Flotilla.Engine.Dockerfiles;

namespace Flotilla.Engine.Tests.Building;

public sealed class CopySourcesTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("flotilla-copy-").FullName;
    private readonly string outside = Directory.CreateTempSubdirectory("flotilla-outside-").FullName;

    public void Dispose()
    {
        Directory.Delete(root, recursive: true);
        Directory.Delete(outside, recursive: true);
    }

    [Fact]
    public void Patterns_do_not_go_into_links_of_directories()
    {
        Directory.CreateDirectory(Path.Combine(root, "in"));
        File.WriteAllText(Path.Combine(root, "in", "one.txt"), "");
        File.WriteAllText(Path.Combine(outside, "two.txt"), "");
        File.CreateSymbolicLink(Path.Combine(root, "out"), outside);
        File.CreateSymbolicLink(Path.Combine(root, "in", "circle"), root);
        File.CreateSymbolicLink(Path.Combine(root, "in", "link.txt"), "one.txt");

        Assert.Equal([("in/one.txt", "link.txt"), ("in/one.txt", "one.txt")], Found("**/*.txt"));
        Assert.Equal([("in/one.txt", "one.txt")], Found("*/o*.txt"));
        Assert.Equal([("in/one.txt", "link.txt")], Found("in/link.txt"));
    }

    [Theory]
    [InlineData("missing*", "no source files were specified: no file matches, or all are excluded by .dockerignore")]
    [InlineData("missing", "file not found in build context or excluded by .dockerignore: stat missing: file does not exist")]
    [InlineData("in/../../x", "forbidden path outside the build context: in/../../x; copy from below the context's directory")]
    public void What_is_not_there_is_told(string source, string reason) => Assert.Equal(reason, Assert.Throws<DockerfileException>(() => Found(source)).Message);

    private List<(string Path, string Name)> Found(string source)
    {
        var instruction = new Instruction(1, "COPY", [], $"{source} /to/", $"COPY {source} /to/");
        var copy = CopyInstruction.Of(instruction, new ShellWords('\\', _ => null), "/");
        return [.. CopySources.Find(copy, root, []).All.Select(one => (one.Path[(root.Length + 1)..], one.Name))];
    }
}
