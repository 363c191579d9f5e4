using Flotilla.Api;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Client.Tests.Queues;

public sealed class PaceTests
{
    private static readonly ObjectKey Key = new("default", "a");

    [Theory]
    [InlineData(4, 0)]
    [InlineData(100, 400)]
    [InlineData(5000, 1000)]
    public void Changes_wait_four_times_as_long_as_the_last_look_took_and_a_second_at_most(int tookMilliseconds, int waitMilliseconds)
    {
        var time = new FakeTimeProvider();
        var pace = new Pace(time);
        var started = time.GetTimestamp();
        time.Advance(TimeSpan.FromMilliseconds(tookMilliseconds));

        pace.Looked(Key, started);

        Assert.Equal(TimeSpan.FromMilliseconds(waitMilliseconds), pace.Of(Key));
        Assert.Equal(TimeSpan.Zero, pace.Of(new ObjectKey("default", "b")));
        pace.Looked(Key, time.GetTimestamp());
        Assert.Equal(TimeSpan.Zero, pace.Of(Key));
    }
}
