using System.Diagnostics;
using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class DataRemovalTests
{
    [Fact]
    public void All_is_deleted_but_nothing_behind_a_link()
    {
        using var kept = new Scratch();
        File.WriteAllText(Path.Combine(kept.Path, "kept"), "");
        using var data = new Scratch();
        Directory.CreateDirectory(Path.Combine(data.Path, "a", "b"));
        File.WriteAllText(Path.Combine(data.Path, "a", "b", "file"), "");
        Directory.CreateSymbolicLink(Path.Combine(data.Path, "a", "link"), kept.Path);

        Assert.True(DataRemoval.Delete(data.Path));

        Assert.False(Directory.Exists(data.Path));
        Assert.True(File.Exists(Path.Combine(kept.Path, "kept")));
        Assert.True(DataRemoval.Delete(data.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("in ner")]
    public void A_mount_point_is_emptied_and_stays(string inner)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting needs root.");
        using var data = new Scratch();
        var point = Directory.CreateDirectory(Path.Combine(data.Path, inner)).FullName;
        Run("mount", "-t", "tmpfs", "tmpfs", point);
        try
        {
            File.WriteAllText(Path.Combine(data.Path, "state.db"), "");
            Directory.CreateDirectory(Path.Combine(point, "node", "images"));

            Assert.False(DataRemoval.Delete(data.Path));

            Assert.Empty(Directory.EnumerateFileSystemEntries(point));
            Assert.False(File.Exists(Path.Combine(data.Path, "state.db")));
        }
        finally
        {
            Run("umount", point);
        }
    }

    private static void Run(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private sealed class Scratch : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("flotilla-removal-").FullName;

        public void Dispose()
        {
            if (Directory.Exists(Path))
            {
                Directory.Delete(Path, recursive: true);
            }
        }
    }
}
