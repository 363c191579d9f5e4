using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Tests.Snapshot;

public sealed class NodeVersionsTests
{
    [Fact]
    public void A_place_that_is_given_to_another_node_never_has_a_version_twice()
    {
        var versions = new NodeVersions();
        var seen = new HashSet<long>();
        var (first, other) = (versions.Take(), versions.Take());
        Assert.True(seen.Add(versions[first]));
        versions.Advance(first);
        Assert.True(seen.Add(versions[first]));
        versions.Release(first);

        var next = versions.Take();

        Assert.Equal(first, next);
        Assert.NotEqual(first, other);
        Assert.True(seen.Add(versions[next]));
        Assert.DoesNotContain(0, seen);
    }
}
