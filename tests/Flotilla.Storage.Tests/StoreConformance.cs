using System.Text;

namespace Flotilla.Storage.Tests;

/// <summary>What every backend must do. A backend inherits this and says how it is opened.</summary>
public abstract class StoreConformance : IAsyncLifetime
{
    protected IStore Store { get; private set; } = null!;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    protected abstract ValueTask<IStore> OpenAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_new_store_is_empty_and_its_revision_is_not_zero()
    {
        Assert.Equal(Revision.First, Store.Current);
        Assert.Empty((await ListAsync("")).Entries);
        Assert.Null(await Store.GetAsync("a", Cancelled));
    }

    [Fact]
    public async Task A_write_is_seen_by_the_next_read_and_has_its_own_revision()
    {
        var first = await PutAsync("a", "1");
        var second = await PutAsync("b", "2");

        Assert.Equal(first.Revision.Next, second.Revision);
        Assert.Equal(second.Revision, Store.Current);
        var entry = await Store.GetAsync("a", Cancelled);
        Assert.Equal("1", Text(entry!.Value.Value));
        Assert.Equal(first.Revision, entry.Value.Created);
        Assert.Equal(first.Revision, entry.Value.Modified);
    }

    [Fact]
    public async Task An_update_keeps_the_creation_revision_and_a_recreation_does_not()
    {
        var created = await PutAsync("a", "1");
        var updated = await PutAsync("a", "2");
        var entry = (await Store.GetAsync("a", Cancelled))!.Value;
        Assert.Equal(created.Revision, entry.Created);
        Assert.Equal(updated.Revision, entry.Modified);

        await DeleteAsync("a");
        var again = await PutAsync("a", "3");
        Assert.Equal(again.Revision, (await Store.GetAsync("a", Cancelled))!.Value.Created);
    }

    [Fact]
    public async Task Create_of_an_existing_key_conflicts_and_shows_what_is_there()
    {
        await PutAsync("a", "1");
        var result = await PutAsync("a", "2", Precondition.MustNotExist);

        Assert.Equal(WriteOutcome.Conflict, result.Outcome);
        Assert.Equal("1", Text(result.Current!.Value.Value));
        Assert.Equal("1", Text((await Store.GetAsync("a", Cancelled))!.Value.Value));
    }

    [Fact]
    public async Task A_write_at_a_revision_happens_only_at_that_revision()
    {
        var created = await PutAsync("a", "1", Precondition.MustNotExist);
        Assert.Equal(WriteOutcome.Written, (await PutAsync("a", "2", Precondition.MustBeAt(created.Revision))).Outcome);

        var stale = await PutAsync("a", "3", Precondition.MustBeAt(created.Revision));
        Assert.Equal(WriteOutcome.Conflict, stale.Outcome);
        Assert.Equal("2", Text(stale.Current!.Value.Value));
        Assert.Equal(WriteOutcome.Conflict, (await DeleteAsync("a", Precondition.MustBeAt(created.Revision))).Outcome);
        Assert.Equal(WriteOutcome.NotFound, (await PutAsync("b", "1", Precondition.MustBeAt(created.Revision))).Outcome);
    }

    [Fact]
    public async Task Deleting_removes_and_deleting_nothing_is_not_found()
    {
        await PutAsync("a", "1");
        Assert.Equal(WriteOutcome.Written, (await DeleteAsync("a")).Outcome);
        Assert.Null(await Store.GetAsync("a", Cancelled));

        var before = Store.Current;
        Assert.Equal(WriteOutcome.NotFound, (await DeleteAsync("a")).Outcome);
        Assert.Equal(before, Store.Current);
    }

    [Fact]
    public async Task An_empty_value_is_a_value()
    {
        await PutAsync("a", "");
        Assert.Equal(0, (await Store.GetAsync("a", Cancelled))!.Value.Value.Length);
        var changes = await WatchAsync("", Revision.First, 1);
        Assert.NotNull(changes[0].Value);
    }

    [Fact]
    public async Task Lists_are_in_byte_order_of_the_keys_and_cover_the_prefix_alone()
    {
        string[] keys = ["/pods/b", "/pods/B", "/pods/a/z", "/pods/a", "/pods/\uFFFD", "/pods/\U0001F600", "/podsx", "/pod", "/pods/\u00E9"];
        foreach (var key in keys)
        {
            await PutAsync(key, key);
        }

        var list = await ListAsync("/pods/");
        Assert.Equal(
            ["/pods/B", "/pods/a", "/pods/a/z", "/pods/b", "/pods/\u00E9", "/pods/\uFFFD", "/pods/\U0001F600"],
            list.Entries.Select(entry => entry.Key));
        Assert.Equal(Store.Current, list.Revision);
        Assert.False(list.HasMore);
    }

    [Fact]
    public async Task Pages_of_a_list_stay_at_the_revision_of_the_first()
    {
        for (var number = 0; number < 10; number++)
        {
            await PutAsync($"k{number}", $"{number}");
        }

        var first = await Store.ListAsync("k", null, 4, null, Cancelled);
        Assert.Equal(6, first.Remaining);
        await PutAsync("k5", "changed");
        await DeleteAsync("k6");
        await PutAsync("k55", "new");
        await DeleteAsync("k7");
        await PutAsync("k7", "recreated");

        var second = await Store.ListAsync("k", first.Entries[^1].Key, 0, first.Revision, Cancelled);
        Assert.Equal(first.Revision, second.Revision);
        Assert.Equal(["4", "5", "6", "7", "8", "9"], second.Entries.Select(entry => Text(entry.Value)));
        Assert.All(second.Entries, entry => Assert.Equal(entry.Created, entry.Modified));
        Assert.Equal(0, second.Remaining);
    }

    [Fact]
    public async Task Every_state_of_the_past_can_be_paged_through_in_any_order()
    {
        var states = new List<(Revision At, string Text)>();
        for (var round = 0; round < 12; round++)
        {
            await PutAsync($"k{round % 5}", $"{round}");
            await PutAsync($"n{round}", "new");
            if (round % 3 == 2)
            {
                await Store.WriteAsync(WriteRequest.Delete($"n{round - 1}", Precondition.Any), Cancelled);
            }

            var list = await Store.ListAsync("", null, 0, null, Cancelled);
            states.Add((list.Revision, All(list.Entries)));
        }

        foreach (var (at, text) in states.OrderBy(state => state.Text.GetHashCode(StringComparison.Ordinal)).Concat(states))
        {
            var entries = new List<StoredEntry>();
            for (string? after = null; ; after = entries[^1].Key)
            {
                var page = await Store.ListAsync("", after, 2, at, Cancelled);
                entries.AddRange(page.Entries);
                if (!page.HasMore)
                {
                    break;
                }
            }

            Assert.Equal(text, All(entries));
        }

        static string All(IEnumerable<StoredEntry> entries) => string.Join(' ', entries.Select(entry => $"{entry.Key}={Encoding.UTF8.GetString(entry.Value.Span)}@{entry.Modified}"));
    }

    [Fact]
    public async Task A_watch_shows_every_write_after_its_revision_with_what_it_replaced()
    {
        var created = await PutAsync("a/1", "x");
        await PutAsync("b/1", "other");
        var updated = await PutAsync("a/1", "y");
        var deleted = await DeleteAsync("a/1");

        var all = await WatchAsync("a/", Revision.First, 3);
        Assert.Equal([created.Revision, updated.Revision, deleted.Revision], all.Select(change => change.Revision));
        Assert.Equal(["x", "y", null], all.Select(change => change.Value is { } value ? Text(value) : null));
        Assert.Equal([null, "x", "y"], all.Select(change => change.Previous is { } value ? Text(value) : null));
        Assert.Equal([null, created.Revision, updated.Revision], all.Select(change => change.PreviousRevision));
        Assert.All(all, change => Assert.Equal(created.Revision, change.Created));

        Assert.Equal(deleted.Revision, Assert.Single(await WatchAsync("", updated.Revision, 1)).Revision);
    }

    [Fact]
    public async Task A_watch_waits_for_what_is_to_come_and_ends_when_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        await using var watch = Store.WatchAsync("", Store.Current, cancel.Token).GetAsyncEnumerator(cancel.Token);
        var next = watch.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await PutAsync("a", "1");
        Assert.True(await next);
        Assert.Equal("a", watch.Current[0].Key);

        var last = watch.MoveNextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await last);
    }

    [Fact]
    public async Task Concurrent_writers_lose_nothing_and_every_watch_sees_all_in_order()
    {
        const int writers = 16;
        const int each = 50;
        var watches = Enumerable.Range(0, 4).Select(_ => WatchAsync("", Revision.First, writers * each)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < each; number++)
            {
                await PutAsync($"w{writer}", $"{number}");
            }
        })));

        foreach (var watch in watches)
        {
            var seen = await watch;
            Assert.Equal(Enumerable.Range(2, writers * each).Select(revision => (long)revision), seen.Select(change => change.Revision.Value));
            foreach (var group in seen.GroupBy(change => change.Key))
            {
                Assert.Equal(Enumerable.Range(0, each).Select(number => $"{number}"), group.Select(change => Text(change.Value!.Value)));
            }
        }
    }

    [Fact]
    public async Task Of_writers_that_expect_the_same_revision_one_succeeds()
    {
        var start = await PutAsync("a", "0");
        var results = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(number => Task.Run(() => PutAsync("a", $"{number}", Precondition.MustBeAt(start.Revision)))));

        var winner = Assert.Single(results, result => result.Outcome == WriteOutcome.Written);
        Assert.Equal(start.Revision.Next, winner.Revision);
        Assert.All(results.Where(result => result != winner), result => Assert.Equal(WriteOutcome.Conflict, result.Outcome));
    }

    [Fact]
    public async Task Compaction_forgets_the_past_and_keeps_the_present()
    {
        await PutAsync("a", "1");
        await PutAsync("a", "2");
        await PutAsync("b", "1");
        var deleted = await DeleteAsync("b");
        var later = await PutAsync("c", "1");
        await Store.CompactAsync(deleted.Revision, Cancelled);

        Assert.Equal(deleted.Revision, Store.Compacted);
        Assert.Equal(["a", "c"], (await ListAsync("")).Entries.Select(entry => entry.Key));
        Assert.Equal("2", Text((await Store.GetAsync("a", Cancelled))!.Value.Value));
        var tooOld = new Revision(deleted.Revision.Value - 1);
        await Assert.ThrowsAsync<CompactedException>(() => Store.ListAsync("", null, 0, tooOld, Cancelled));
        await Assert.ThrowsAsync<CompactedException>(() => WatchAsync("", tooOld, 1));

        // The compacted revision itself can still be listed and watched from.
        Assert.Equal("a", Assert.Single((await Store.ListAsync("", null, 0, deleted.Revision, Cancelled)).Entries).Key);
        Assert.Equal(later.Revision, Assert.Single(await WatchAsync("", deleted.Revision, 1)).Revision);
    }

    [Fact]
    public async Task Compacting_everything_or_again_is_fine_and_revisions_go_on()
    {
        await PutAsync("a", "1");
        var deleted = await DeleteAsync("a");
        await Store.CompactAsync(deleted.Revision, Cancelled);
        await Store.CompactAsync(deleted.Revision, Cancelled);
        await Store.CompactAsync(Revision.First, Cancelled);

        Assert.Equal(deleted.Revision.Next, (await PutAsync("a", "2")).Revision);
        Assert.Equal(deleted.Revision, Store.Compacted);
    }

    [Fact]
    public async Task The_future_cannot_be_listed_or_compacted()
    {
        var future = new Revision(Store.Current.Value + 5);
        await Assert.ThrowsAnyAsync<ArgumentOutOfRangeException>(() => Store.ListAsync("", null, 0, future, Cancelled));
        await Assert.ThrowsAnyAsync<ArgumentOutOfRangeException>(() => Store.CompactAsync(future, Cancelled));
    }

    [Fact]
    public async Task A_slow_watch_misses_nothing_though_much_is_written_meanwhile()
    {
        const int count = 3000;
        await using var watch = Store.WatchAsync("", Store.Current, Cancelled).GetAsyncEnumerator(Cancelled);
        var first = watch.MoveNextAsync().AsTask();
        await Task.WhenAll(Enumerable.Range(0, count).Select(number => PutAsync($"k{number % 100}", new string('x', 100))));

        var seen = new List<long>();
        Assert.True(await first);
        seen.AddRange(watch.Current.Select(change => change.Revision.Value));
        while (seen.Count < count && await watch.MoveNextAsync())
        {
            seen.AddRange(watch.Current.Select(change => change.Revision.Value));
        }

        Assert.Equal(Enumerable.Range(2, count).Select(revision => (long)revision), seen);
    }

    [Fact]
    public async Task Who_was_deposed_writes_nothing_more()
    {
        var term = await PutAsync("leader", "first");
        var fence = new Fence("leader", term.Revision);
        var request = new WriteRequest("a", Encoding.UTF8.GetBytes("1"), Precondition.MustNotExist) { Fence = fence };
        var created = await Store.WriteAsync(request, Cancelled);
        Assert.Equal(WriteOutcome.Written, created.Outcome);
        Assert.Equal(WriteOutcome.Conflict, (await Store.WriteAsync(request, Cancelled)).Outcome);

        await PutAsync("leader", "second");
        foreach (var late in (WriteRequest[])[
            request with { Key = "b" },
            request with { Precondition = Precondition.MustBeAt(created.Revision) },
            WriteRequest.Delete("a", Precondition.Any) with { Fence = fence },
        ])
        {
            await Assert.ThrowsAsync<FencedException>(() => Store.WriteAsync(late, Cancelled));
        }

        await DeleteAsync("leader");
        await Assert.ThrowsAsync<FencedException>(() => Store.WriteAsync(request with { Key = "b" }, Cancelled));
        Assert.Equal("a", Assert.Single((await ListAsync("")).Entries).Key);
    }

    [Fact]
    public async Task Of_writes_at_once_only_the_fenced_ones_are_refused()
    {
        await PutAsync("leader", "first");
        var late = new Fence("leader", new Revision(999));
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            var request = new WriteRequest($"k{number}", new byte[1], Precondition.MustNotExist);
            try
            {
                return (await Store.WriteAsync(number % 2 == 0 ? request : request with { Fence = late }, Cancelled)).Outcome == WriteOutcome.Written;
            }
            catch (FencedException)
            {
                return false;
            }
        }));

        Assert.Equal(Enumerable.Range(0, 50).Select(number => number % 2 == 0), results);
    }

    [Fact]
    public async Task Catching_up_is_quick_when_nobody_else_writes()
    {
        await Store.CatchUpAsync(Cancelled);
        var written = await PutAsync("a", "1");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Store.CatchUpAsync(Cancelled).AsTask()));
        Assert.Equal(written.Revision, Store.Current);
    }

    protected Task<WriteResult> PutAsync(string key, string value, Precondition precondition = default) =>
        Store.WriteAsync(new WriteRequest(key, Encoding.UTF8.GetBytes(value), precondition), Cancelled);

    protected Task<WriteResult> DeleteAsync(string key, Precondition precondition = default) =>
        Store.WriteAsync(new WriteRequest(key, null, precondition), Cancelled);

    protected Task<StoreList> ListAsync(string prefix) => Store.ListAsync(prefix, null, 0, null, Cancelled);

    protected async Task<List<StoreEvent>> WatchAsync(string prefix, Revision after, int count)
    {
        var events = new List<StoreEvent>();
        await foreach (var batch in Store.WatchAsync(prefix, after, Cancelled))
        {
            Assert.NotEmpty(batch);
            events.AddRange(batch);
            if (events.Count >= count)
            {
                break;
            }
        }

        return events;
    }

    protected static string Text(ReadOnlyMemory<byte> value) => Encoding.UTF8.GetString(value.Span);
}
