using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Storage.Tests.Sqlite;

public sealed class CommitWatchTests
{
    private readonly FakeTimeProvider time = new();
    private readonly CommitWatch watch;

    public CommitWatchTests() => watch = new CommitWatch(Path.Combine(Path.GetTempPath(), "state.db"), time, NullLogger.Instance);

    [Fact]
    public void A_slow_commit_is_told_of_for_a_while()
    {
        Commit(TimeSpan.FromMilliseconds(3));
        Assert.Equal(StoreHealth.Good, watch.Health);
        Commit(TimeSpan.FromSeconds(2.5));
        Assert.True(watch.Health.Serves);
        Assert.Contains("is slow: a write took 2.5 s", watch.Health.Why, StringComparison.Ordinal);
        time.Advance(CommitWatch.Remembered);
        Assert.Equal(StoreHealth.Good, watch.Health);
        Assert.Equal(2, watch.Times.Read().Counts.Sum());
        Assert.Equal(2.503, watch.Times.Read().SumSeconds, 3);
    }

    [Fact]
    public void A_commit_that_does_not_end_is_told_of_before_it_ends()
    {
        watch.Begin();
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(watch.Health.Serves);
        Assert.Contains("has not taken a write for 3 s", watch.Health.Why, StringComparison.Ordinal);
        time.Advance(CommitWatch.Stuck - TimeSpan.FromSeconds(1));
        Assert.False(watch.Health.Serves);
        Assert.Contains("has not taken a write for 12 s", watch.Health.Why, StringComparison.Ordinal);
        watch.Done();
        Assert.True(watch.Health.Serves);
    }

    [Fact]
    public void A_failure_lasts_until_a_commit_succeeds()
    {
        watch.Begin();
        Assert.IsNotType<OutOfSpaceException>(watch.Failed(new IOException("broken")));
        Assert.Contains("broken", watch.Health.Why, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromHours(1));
        Assert.False(watch.Health.Serves);
        Commit(TimeSpan.Zero);
        Assert.Equal(StoreHealth.Good, watch.Health);
    }

    private void Commit(TimeSpan took)
    {
        watch.Begin();
        time.Advance(took);
        watch.Done();
    }
}
