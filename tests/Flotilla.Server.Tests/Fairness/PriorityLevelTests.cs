using Flotilla.Server.Fairness;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Fairness;

public sealed class PriorityLevelTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task Who_finds_no_seat_is_rejected_where_nobody_queues()
    {
        var level = Levels(4, Model("a", shares: 1, queues: 0)).Single();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(Rejection.None, await EnterAsync(level, 1));
        }

        Assert.Equal(Rejection.NoSeat, await EnterAsync(level, 1));
        level.Leave(1);
        Assert.Equal(Rejection.None, await EnterAsync(level, 1));
    }

    [Fact]
    public async Task Who_waits_gets_the_seat_that_is_given_back()
    {
        var level = Levels(1, Model("a", shares: 1, queues: 4)).Single();
        Assert.Equal(Rejection.None, await EnterAsync(level, 1));
        var waiting = EnterAsync(level, 1).AsTask();
        Assert.False(waiting.IsCompleted);
        level.Leave(1);
        Assert.Equal(Rejection.None, await waiting);
        Assert.Equal((1, 0), (level.InUse, level.Waiting));
    }

    [Fact]
    public async Task Nobody_waits_for_ever_and_queues_have_an_end()
    {
        var level = Levels(1, Model("a", shares: 1, queues: 1, length: 2)).Single();
        Assert.Equal(Rejection.None, await EnterAsync(level, 1));
        var (first, second) = (EnterAsync(level, 1).AsTask(), EnterAsync(level, 1).AsTask());
        Assert.Equal(Rejection.QueueFull, await EnterAsync(level, 1));
        time.Advance(Limit);
        Assert.Equal(Rejection.TimedOut, await first);
        Assert.Equal(Rejection.TimedOut, await second);
        Assert.Equal((1, 0), (level.InUse, level.Waiting));
    }

    [Fact]
    public async Task Whoever_goes_away_frees_the_place_in_the_queue()
    {
        var level = Levels(1, Model("a", shares: 1, queues: 1)).Single();
        Assert.Equal(Rejection.None, await EnterAsync(level, 1));
        using var cancel = new CancellationTokenSource();
        var waiting = level.EnterAsync(7, 1, Limit, time, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, level.Waiting);
    }

    [Fact]
    public async Task A_flood_of_one_flow_does_not_keep_another_waiting()
    {
        var level = Levels(1, Model("a", shares: 1, queues: 64, length: 50)).Single();
        Assert.Equal(Rejection.None, await EnterAsync(level, 1));
        var (flood, quiet) = (ShuffleSharding.Hash("s", "flood"), ShuffleSharding.Hash("s", "quiet"));
        var many = Enumerable.Range(0, 100).Select(_ => level.EnterAsync(flood, 1, Limit, time, CancellationToken.None).AsTask()).ToList();
        var one = level.EnterAsync(quiet, 1, Limit, time, CancellationToken.None).AsTask();

        // One turn for each of the flood's six queues at most, then its own.
        for (var turn = 0; turn < 7; turn++)
        {
            level.Leave(1);
        }

        Assert.Equal(Rejection.None, await one.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Equal(94, level.Waiting);
        Assert.Equal(100, many.Count);
    }

    [Fact]
    public async Task A_level_borrows_what_others_lend_and_never_their_guarantee()
    {
        var levels = Levels(10, Model("lender", shares: 1, lendable: 60, queues: 0), Model("borrower", shares: 1, queues: 0));
        var (lender, borrower) = (levels[0], levels[1]);
        var taken = 0;
        while (await EnterAsync(borrower, 1) == Rejection.None)
        {
            taken++;
        }

        // Its own five and three of the lender's five.
        Assert.Equal(8, taken);
        Assert.Equal(Rejection.None, await EnterAsync(lender, 2));
        Assert.Equal(Rejection.NoSeat, await EnterAsync(lender, 1));
        borrower.Leave(1);
        Assert.Equal(Rejection.None, await EnterAsync(lender, 1));
    }

    [Fact]
    public void A_hand_holds_different_queues_and_is_always_the_same()
    {
        var sizes = new HashSet<int>();
        Span<int> hand = stackalloc int[6];
        Span<int> again = stackalloc int[6];
        for (ulong hash = 1; hash < 1000; hash++)
        {
            ShuffleSharding.Deal(hash * 2654435761, 64, hand);
            ShuffleSharding.Deal(hash * 2654435761, 64, again);
            Assert.True(hand.SequenceEqual(again));
            Assert.Equal(6, hand.ToArray().Distinct().Count());
            Assert.All(hand.ToArray(), card => Assert.InRange(card, 0, 63));
            sizes.UnionWith(hand.ToArray());
        }

        Assert.Equal(64, sizes.Count);
    }

    private ValueTask<Rejection> EnterAsync(PriorityLevel level, int seats) => level.EnterAsync(7, seats, Limit, time, CancellationToken.None);

    private static List<PriorityLevel> Levels(int total, params LevelModel[] models)
    {
        var pool = new SeatPool(total);
        var levels = models.Select(model => (Level: new PriorityLevel(pool, model), Model: model)).ToList();
        pool.Divide(levels);
        return [.. levels.Select(pair => pair.Level)];
    }

    private static LevelModel Model(string name, long shares, int queues, long lendable = 0, int length = 50) =>
        new(name, "uid", IsExempt: false, shares, lendable, null, queues, HandSize: 6, length);
}
