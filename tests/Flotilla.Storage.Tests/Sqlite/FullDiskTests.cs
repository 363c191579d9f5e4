using System.Diagnostics;

namespace Flotilla.Storage.Tests.Sqlite;

/// <summary>A store on a small disk of its own, which somebody else fills.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string disk = Directory.CreateTempSubdirectory("flotilla-disk-").FullName;

    public FullDiskTests() => Run("mount", "-t", "tmpfs", "-o", "size=4m", "flotilla-test", disk);

    private string Filler => Path.Combine(disk, "filler");

    public void Dispose()
    {
        Run("umount", disk);
        Directory.Delete(disk);
    }

    [Fact]
    public async Task Writes_are_refused_reads_go_on_and_with_room_all_is_as_before()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var store = SqliteStore.Open(Path.Combine(disk, "state.db"), new StorageOptions(), TimeProvider.System);
        var acknowledged = new List<string>();
        await WriteAsync(store, 0, 50, acknowledged);
        for (var round = 1; round <= 3; round++)
        {
            Fill();
            await Assert.ThrowsAsync<OutOfSpaceException>(() => WriteAsync(store, round * 1000, 1000, acknowledged));
            Assert.False(store.Health.Serves);
            Assert.Contains("is full", store.Health.Why, StringComparison.Ordinal);
            Assert.Equal(acknowledged, (await store.ListAsync("", null, 0, null, cancel)).Entries.Select(entry => entry.Key));

            // History that is still in memory, and a compaction that finds no room.
            await using var events = store.WatchAsync("", store.Compacted, cancel).GetAsyncEnumerator(cancel);
            Assert.True(await events.MoveNextAsync());
            await Assert.ThrowsAnyAsync<StorageException>(() => store.CompactAsync(store.Current, cancel));

            File.Delete(Filler);
            await WriteAsync(store, (round * 1000) + 999, 1, acknowledged);
            Assert.Equal(StoreHealth.Good, store.Health);
        }

        await store.DisposeAsync();
        await using var again = SqliteStore.Open(Path.Combine(disk, "state.db"), new StorageOptions(), TimeProvider.System);
        Assert.Equal(acknowledged, (await again.ListAsync("", null, 0, null, cancel)).Entries.Select(entry => entry.Key));
    }

    private static async Task WriteAsync(SqliteStore store, int first, int count, List<string> acknowledged)
    {
        for (var number = first; number < first + count; number++)
        {
            await store.WriteAsync(new WriteRequest($"/{number:00000}", new byte[2000], Precondition.MustNotExist), TestContext.Current.CancellationToken);
            acknowledged.Add($"/{number:00000}");
        }
    }

    private void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // That is what was wanted.
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
