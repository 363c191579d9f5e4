using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Storage.Tests.Sqlite;

public class SqliteStoreTests : StoreConformance
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-store-");
    private readonly FakeTimeProvider time = new();

    protected virtual StorageOptions Options => new();

    private string File => Path.Combine(directory.FullName, "state.db");

    protected override ValueTask<IStore> OpenAsync() => ValueTask.FromResult<IStore>(SqliteStore.Open(File, Options, time));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_was_written_is_there_after_reopening_history_included()
    {
        await PutAsync("a", "1");
        await PutAsync("a", "2");
        await PutAsync("b", "1");
        var deleted = await DeleteAsync("b");
        await Store.DisposeAsync();

        await using var again = SqliteStore.Open(File, Options, time);
        Assert.Equal(deleted.Revision, again.Current);
        var entry = Assert.Single((await again.ListAsync("", null, 0, null, Cancelled)).Entries);
        Assert.Equal(("a", "2", 2, 3), (entry.Key, Text(entry.Value), entry.Created.Value, entry.Modified.Value));
        var past = await again.ListAsync("", null, 0, new Revision(4), Cancelled);
        Assert.Equal(["a", "b"], past.Entries.Select(old => old.Key));
        await using var watch = again.WatchAsync("", Revision.First, Cancelled).GetAsyncEnumerator(Cancelled);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal([2, 3, 4, 5], watch.Current.Select(change => change.Revision.Value));
        Assert.Equal("1", Text(watch.Current[^1].Previous!.Value));
    }

    [Fact]
    public async Task Revisions_go_on_after_everything_was_deleted_compacted_and_reopened()
    {
        await PutAsync("a", "1");
        var deleted = await DeleteAsync("a");
        await Store.CompactAsync(deleted.Revision, Cancelled);
        await Store.DisposeAsync();

        await using var again = SqliteStore.Open(File, Options, time);
        Assert.Equal(deleted.Revision, again.Current);
        Assert.Equal(deleted.Revision, again.Compacted);
        Assert.Empty((await again.ListAsync("", null, 0, null, Cancelled)).Entries);
        var next = await again.WriteAsync(new WriteRequest("a", new byte[1], Precondition.MustNotExist), Cancelled);
        Assert.Equal(deleted.Revision.Next, next.Revision);
    }

    [Fact]
    public void A_second_process_is_told_that_the_database_is_in_use()
    {
        var error = Assert.Throws<StorageException>(() => SqliteStore.Open(File, Options, time));
        Assert.Contains("in use by another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task History_is_forgotten_when_it_is_old_enough_and_the_file_does_not_grow()
    {
        var large = new string('x', 10_000);
        for (var round = 0; round < 12; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 50).Select(number => PutAsync($"k{number % 5}", large)));
            time.Advance(TimeSpan.FromSeconds(60));
        }

        await UntilAsync(() => Store.Compacted.Value >= 300);
        Assert.True(Store.Compacted < Store.Current);
        await Store.CompactAsync(Store.Current, Cancelled);
        await Store.DisposeAsync();
        Assert.InRange(new FileInfo(File).Length, 1, 1_000_000);
    }

    [Fact]
    public async Task A_full_disk_fails_the_writes_with_its_reason_and_the_store_recovers()
    {
        await Store.DisposeAsync();
        await using var small = SqliteStore.Open(File, new StorageOptions { MaxBytes = 400_000 }, time);
        var value = new byte[50_000];
        var written = 0;
        var error = await Assert.ThrowsAsync<OutOfSpaceException>(async () =>
        {
            for (; written < 100; written++)
            {
                await small.WriteAsync(new WriteRequest("a", value, Precondition.Any), Cancelled);
            }
        });
        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.InRange(written, 2, 20);
        var before = small.Current;
        Assert.Equal(written + 1, before.Value);
        Assert.NotNull(await small.GetAsync("a", Cancelled));

        await small.CompactAsync(before, Cancelled);
        var next = await small.WriteAsync(new WriteRequest("a", value, Precondition.MustBeAt(before)), Cancelled);
        Assert.Equal(WriteOutcome.Written, next.Outcome);
        Assert.Equal(before.Next, next.Revision);
    }

    [Fact]
    public async Task After_closing_writes_are_refused()
    {
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<StorageException>(() => PutAsync("a", "1"));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            await Task.Delay(5, timeout.Token);
        }
    }
}

/// <summary>The same, with almost nothing kept in memory, so that watches and old lists read the file.</summary>
public sealed class SqliteStoreWithoutMemoryTests : SqliteStoreTests
{
    protected override StorageOptions Options => new() { RecentEvents = 1, CompactionStep = 2, BatchLength = 3, QueueLength = 5 };
}
