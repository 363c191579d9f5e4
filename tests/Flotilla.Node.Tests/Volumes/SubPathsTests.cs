using Flotilla.Linux.Mounts;
using Flotilla.Node.Linux;
using Flotilla.Node.Volumes;

namespace Flotilla.Node.Tests.Volumes;

/// <summary>Real mounts of parts of a volume in which a pod may have planted anything.</summary>
public sealed class SubPathsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-subpath-").FullName;

    private string Volume => Directory.CreateDirectory(Path.Combine(directory, "volume")).FullName;

    private string Target => Path.Combine(directory, "pod", "volume-subpaths", "v", "c", "0");

    public void Dispose()
    {
        Mounts.UnmountBelow(directory);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_missing_directory_is_made_as_open_as_the_volume()
    {
        File.SetUnixFileMode(Volume, (UnixFileMode)0b111_111_111);
        SubPaths.Prepare(Volume, "a/b", Target);
        File.WriteAllText(Path.Combine(Target, "file"), "text");
        Assert.Equal("text", File.ReadAllText(Path.Combine(Volume, "a/b/file")));
        Assert.Equal((UnixFileMode)0b111_111_111, File.GetUnixFileMode(Path.Combine(Volume, "a/b")));
    }

    [Fact]
    public void A_file_is_mounted_as_a_file()
    {
        File.WriteAllText(Path.Combine(Volume, "file"), "text");
        SubPaths.Prepare(Volume, "file", Target);
        Assert.Equal("text", File.ReadAllText(Target));
    }

    [Fact]
    public void A_link_within_the_volume_is_followed()
    {
        Directory.CreateDirectory(Path.Combine(Volume, "..dated"));
        File.WriteAllText(Path.Combine(Volume, "..dated", "key"), "value");
        File.CreateSymbolicLink(Path.Combine(Volume, "..data"), "..dated");
        File.CreateSymbolicLink(Path.Combine(Volume, "key"), "..data/key");
        SubPaths.Prepare(Volume, "key", Target);
        Assert.Equal("value", File.ReadAllText(Target));
    }

    [Theory]
    [InlineData("/etc", "out")]
    [InlineData("/etc", "out/below")]
    [InlineData("../..", "out")]
    [InlineData("/etc/passwd", "out")]
    public void A_link_out_of_the_volume_is_refused(string link, string below)
    {
        File.CreateSymbolicLink(Path.Combine(Volume, "out"), link);
        Assert.ThrowsAny<IOException>(() => SubPaths.Prepare(Volume, below, Target));
        Assert.Empty(MountTable.Below(directory));
    }

    [Fact]
    public void A_link_that_leads_nowhere_makes_nothing()
    {
        var outside = Path.Combine(directory, "outside");
        File.CreateSymbolicLink(Path.Combine(Volume, "out"), outside);
        Assert.ThrowsAny<IOException>(() => SubPaths.Prepare(Volume, "out/a", Target));
        Assert.False(Directory.Exists(outside));
    }

    [Fact]
    public void What_is_mounted_is_used_again_unless_the_file_is_another_by_now()
    {
        File.WriteAllText(Path.Combine(Volume, "file"), "old");
        SubPaths.Prepare(Volume, "file", Target);
        SubPaths.Prepare(Volume, "file", Target);
        Assert.Single(MountTable.Below(Target));
        File.Delete(Path.Combine(Volume, "file"));
        File.WriteAllText(Path.Combine(Volume, "file"), "new");
        SubPaths.Prepare(Volume, "file", Target);
        Assert.Equal("new", File.ReadAllText(Target));
        Assert.Single(MountTable.Below(Target));
    }
}
