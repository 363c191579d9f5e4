using Flotilla.Storage.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Storage.Tests.Etcd;

public class EtcdStoreTests : StoreConformance
{
    private readonly EtcdProcess etcd = new();

    protected virtual StorageOptions Options => new();

    protected override async ValueTask<IStore> OpenAsync() => await OpenAsync(etcd.Address);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        etcd.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_one_server_was_told_the_others_know_after_catching_up()
    {
        await using var other = await OpenAsync(etcd.Address);
        for (var round = 0; round < 200; round++)
        {
            var written = await PutAsync($"k{round % 7}", $"{round}");
            await other.CatchUpAsync(Cancelled);
            var entry = await other.GetAsync($"k{round % 7}", Cancelled);
            Assert.Equal((written.Revision, $"{round}"), (entry!.Value.Modified, Text(entry.Value.Value)));
        }
    }

    [Fact]
    public async Task A_second_server_finds_everything_and_goes_on_with_the_revisions()
    {
        await PutAsync("a", "1");
        await PutAsync("b", "1");
        var deleted = await DeleteAsync("b");
        await Store.CompactAsync(deleted.Revision, Cancelled);
        await Store.DisposeAsync();

        await using var again = await OpenAsync(etcd.Address);
        Assert.Equal(deleted.Revision, again.Current);
        Assert.Equal(deleted.Revision, again.Compacted);
        Assert.Equal("a", Assert.Single((await again.ListAsync("", null, 0, null, Cancelled)).Entries).Key);
        var next = await again.WriteAsync(new WriteRequest("b", new byte[1], Precondition.MustNotExist), Cancelled);
        Assert.Equal(deleted.Revision.Next, next.Revision);
    }

    [Fact]
    public async Task All_that_is_stored_is_read_page_by_page_without_opening_the_store()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-state-");
        const int count = 12_000;
        await Parallel.ForAsync(0, count, Cancelled, async (number, _) => await PutAsync($"n{number:00000}", $"{number}"));
        using (var state = await EtcdState.ReadAsync(new EtcdOptions { Endpoints = [etcd.Address] }, directory.FullName, TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled))
        {
            Assert.Equal((Store.Current, count), (state.Revision, state.Count));
            var expected = (await Store.ListAsync("", null, 0, null, Cancelled)).Entries;
            for (var time = 0; time < 2; time++)
            {
                Assert.Equal(expected.Select(Line), state.Entries.Select(Line));
            }
        }

        Assert.Empty(directory.EnumerateFiles());
        directory.Delete();

        static string Line(StoredEntry entry) => $"{entry.Key} {Text(entry.Value)} {entry.Created} {entry.Modified}";
    }

    [Fact]
    public async Task Writes_wait_for_a_store_that_comes_back_and_nothing_is_lost_or_done_twice()
    {
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var at = (await PutAsync($"w{writer}", "0", Precondition.MustNotExist)).Revision;
            var number = 1;
            for (; !enough.IsCancellationRequested; number++)
            {
                var result = await PutAsync($"w{writer}", $"{number}", Precondition.MustBeAt(at));
                Assert.Equal(WriteOutcome.Written, result.Outcome);
                at = result.Revision;
            }

            return number;
        })).ToArray();
        for (var crash = 0; crash < 3; crash++)
        {
            await WatchAsync("", Store.Current, 20);
            etcd.Crash();
        }

        await WatchAsync("", Store.Current, 20);
        await enough.CancelAsync();
        var written = await Task.WhenAll(writers);
        var all = await WatchAsync("w", Revision.First, written.Sum());
        for (var writer = 0; writer < written.Length; writer++)
        {
            Assert.Equal(Enumerable.Range(0, written[writer]).Select(number => $"{number}"), all.Where(change => change.Key == $"w{writer}").Select(change => Text(change.Value!.Value)));
        }
    }

    [Fact]
    public async Task What_another_store_held_is_taken_over_and_revisions_go_on_where_it_ended()
    {
        var entries = Enumerable.Range(0, 300).Select(number => new StoredEntry($"/k/{number}", new byte[] { 1 }, default, default)).ToList();
        var options = new EtcdOptions { Endpoints = [etcd.Address], Prefix = "/taken" };
        var after = new Revision(5_000_000);
        await EtcdDump.WriteAsync(options, after, entries, TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);

        await using var taken = await OpenAsync(etcd.Address, "/taken");
        Assert.Equal(300, (await taken.ListAsync("/k/", null, 0, null, Cancelled)).Entries.Count);
        Assert.InRange(taken.Current.Value, 5_000_300, 5_000_400);
        Assert.Equal(taken.Current, taken.Compacted);
        var before = taken.Current;
        var written = await taken.WriteAsync(new WriteRequest("/k/0", new byte[] { 2 }, Precondition.MustBeAt((await taken.GetAsync("/k/0", Cancelled))!.Value.Modified)), Cancelled);
        Assert.Equal((WriteOutcome.Written, before.Next), (written.Outcome, written.Revision));
        await foreach (var batch in taken.WatchAsync("/k", before, Cancelled))
        {
            Assert.Equal(written.Revision, Assert.Single(batch).Revision);
            break;
        }

        await Assert.ThrowsAsync<CompactedException>(() => taken.ListAsync("", null, 0, after, Cancelled));
        await Assert.ThrowsAsync<StorageException>(() => EtcdDump.WriteAsync(options, after, entries, TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled));
    }

    [Fact]
    public async Task Other_programs_in_the_same_database_disturb_nothing()
    {
        await using var other = await OpenAsync(etcd.Address, "/other");
        var changes = WatchAsync("a", Store.Current, 2);
        await PutAsync("a", "1");
        for (var round = 0; round < 5; round++)
        {
            await other.WriteAsync(new WriteRequest("a", new byte[1], Precondition.Any), Cancelled);
        }

        await Store.CatchUpAsync(Cancelled);
        Assert.Equal(other.Current, Store.Current);
        await PutAsync("a", "2");
        Assert.Equal(["a", "a"], (await changes).Select(change => change.Key));
        Assert.Equal(["1", "2"], (await WatchAsync("a", Revision.First, 2)).Select(change => Text(change.Value!.Value)));
        Assert.Equal("a", Assert.Single((await Store.ListAsync("", null, 0, new Revision(3), Cancelled)).Entries).Key);
    }

    [Fact]
    public async Task Who_was_away_longer_than_the_history_reads_everything_anew()
    {
        await PutAsync("a", "1");
        await using var other = await OpenAsync(etcd.Address);
        etcd.Stop();
        await Assert.ThrowsAnyAsync<StorageException>(async () => await other.CatchUpAsync(Cancelled));
        etcd.Resume();
        var last = await PutAsync("a", "2");
        await Store.CompactAsync(last.Revision, Cancelled);
        await other.CatchUpAsync(Cancelled);
        Assert.Equal("2", Text((await other.GetAsync("a", Cancelled))!.Value.Value));
    }

    [Fact]
    public async Task Nobody_at_the_address_is_said_plainly()
    {
        var options = new EtcdOptions { Endpoints = [new Uri("http://127.0.0.1:1")], Patience = TimeSpan.Zero };
        var error = await Assert.ThrowsAsync<StorageException>(() => EtcdStore.OpenAsync(options, Options, TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled));
        Assert.StartsWith("etcd does not answer (http://127.0.0.1:1/)", error.Message, StringComparison.Ordinal);
    }

    private async Task<EtcdStore> OpenAsync(Uri address, string prefix = "/flotilla")
    {
        var options = new EtcdOptions { Endpoints = [address], Prefix = prefix, AttemptTimeout = TimeSpan.FromSeconds(2), Patience = TimeSpan.FromSeconds(5) };
        return await EtcdStore.OpenAsync(options, Options, TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);
    }
}

/// <summary>The same, with almost nothing kept in memory, so that watches and old lists ask etcd.</summary>
public sealed class EtcdStoreWithoutMemoryTests : EtcdStoreTests
{
    protected override StorageOptions Options => new() { RecentEvents = 1 };
}
