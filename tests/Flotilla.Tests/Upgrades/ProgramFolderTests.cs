using Flotilla.Local;
using Flotilla.Upgrades;

namespace Flotilla.Tests.Upgrades;

public sealed class ProgramFolderTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-programs-").FullName;

    private ProgramFolder Folder => new(Path.Combine(directory, "data"));

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_copy_outlives_the_build_it_was_made_of()
    {
        var copy = Folder.Keep(Build("first"));
        Directory.Delete(Path.Combine(directory, "first"), recursive: true);
        Assert.Equal("first", File.ReadAllText(copy.File));
        Assert.Equal("first", File.ReadAllText(Path.Combine(copy.Directory, "runtimes", "part.so")));
        Assert.Equal(copy, Folder.Keep(copy));
    }

    [Fact]
    public void The_same_build_is_copied_once_and_another_beside_it()
    {
        var program = Build("first");
        var copy = Folder.Keep(program);
        Assert.Equal(copy.File, Folder.Keep(program).File);
        Assert.NotEqual(copy.File, Folder.Keep(Build("second")).File);
    }

    [Fact]
    public void The_newest_stays_and_the_one_before_it()
    {
        var copies = new List<FlotillaProgram>();
        foreach (var name in (string[])["first", "second!", "third!!!"])
        {
            copies.Add(Folder.Keep(Build(name)));
            Directory.SetLastWriteTimeUtc(copies[^1].Directory, DateTime.UtcNow - TimeSpan.FromHours(10 - copies.Count));
        }

        Assert.Equal([false, true, true], copies.Select(copy => Directory.Exists(copy.Directory)));
    }

    [Fact]
    public void What_is_no_program_is_told()
    {
        Assert.Contains("is no program of Flotilla", Assert.Throws<UserError>(() => FlotillaProgram.At(directory)).Message, StringComparison.Ordinal);
        Assert.Equal(Path.Combine(directory, "first", "flotilla"), FlotillaProgram.At(Build("first").Directory).File);
    }

    private FlotillaProgram Build(string name)
    {
        var build = Directory.CreateDirectory(Path.Combine(directory, name)).FullName;
        Directory.CreateDirectory(Path.Combine(build, "runtimes"));
        foreach (var file in (string[])["flotilla", "flotilla.dll", "runtimes/part.so"])
        {
            File.WriteAllText(Path.Combine(build, file), name);
        }

        return new FlotillaProgram([Path.Combine(build, "flotilla")]);
    }
}
