using Flotilla.Node.Containerd;

namespace Flotilla.Node.Tests.Containerd;

public sealed class ContainerdVersionTests
{
    [Theory]
    [InlineData("1.6.20~ds1", 1)]
    [InlineData("v2.1.9", 2)]
    [InlineData("2.1.9+unknown", 2)]
    [InlineData("", 0)]
    [InlineData("unknown", 0)]
    public void The_first_number_counts(string version, int major) => Assert.Equal(major, ContainerdVersion.Major(version));
}
