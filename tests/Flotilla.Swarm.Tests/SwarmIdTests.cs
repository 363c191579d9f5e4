using Flotilla.Swarm.Cluster;

namespace Flotilla.Swarm.Tests;

public sealed class SwarmIdTests
{
    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000", "0000000000000000000000000")]
    [InlineData("00000000-0000-0000-0000-000000000024", "0000000000000000000000010")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff", "f5lxx1zz5pnorynqglhzmsp33")]
    public void Is_the_uid_in_25_digits_of_base_36(string uid, string id) => Assert.Equal(id, SwarmId.Of(uid));

    [Fact]
    public void Is_always_of_the_same_length_and_never_the_same() =>
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => SwarmId.New()).Where(id => id.Length == SwarmId.Length).Distinct(StringComparer.Ordinal).Count());
}
