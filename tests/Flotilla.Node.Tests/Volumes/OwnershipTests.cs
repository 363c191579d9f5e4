using Flotilla.Node.Linux;
using Flotilla.Node.Volumes;

namespace Flotilla.Node.Tests.Volumes;

public sealed class OwnershipTests : IDisposable
{
    private const uint Group = 4321;
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-ownership-").FullName;

    private string Inner => Path.Combine(directory, "inner");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void The_group_gets_everything()
    {
        File.WriteAllText(Inner, "text");
        Ownership.Apply(directory, Group, readOnly: false);
        Assert.Equal(Group, FileStatus.Of(Inner)!.Value.Group);
        Assert.True(File.GetUnixFileMode(Inner).HasFlag(UnixFileMode.GroupRead | UnixFileMode.GroupWrite));
        Assert.True(File.GetUnixFileMode(directory).HasFlag(UnixFileMode.SetGroup | UnixFileMode.GroupExecute));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, Group)]
    public void A_root_that_belongs_to_the_group_spares_the_rest_if_asked_to(bool onMismatchOnly, uint expected)
    {
        Ownership.Apply(directory, Group, readOnly: false);
        File.WriteAllText(Inner, "text");
        Native.ChangeOwner(Inner, 0, 0);
        Ownership.Apply(directory, Group, readOnly: false, onMismatchOnly);
        Assert.Equal(expected, FileStatus.Of(Inner)!.Value.Group);
    }
}
