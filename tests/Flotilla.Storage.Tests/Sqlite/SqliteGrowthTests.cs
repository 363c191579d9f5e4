using System.Globalization;

namespace Flotilla.Storage.Tests.Sqlite;

/// <summary>File and memory hold what is there and its recent history, however much was written before.</summary>
public sealed class SqliteGrowthTests
{
    private const int Keys = 1000;
    private const int Writers = 64;
    private const int ValueBytes = 500;
    private const int Rounds = 4;
    private const long GrowthBytes = 16L * 1024 * 1024;
    private static readonly bool IsSoak = Environment.GetEnvironmentVariable("FLOTILLA_SOAK_SECONDS") is not null;
    private static readonly int WritesInRound = IsSoak ? 2_500_000 : 5000;

    [Fact]
    public async Task Stays_bounded_however_much_is_written()
    {
        var cancel = TestContext.Current.CancellationToken;
        var directory = Directory.CreateTempSubdirectory("flotilla-growth-");
        var file = Path.Combine(directory.FullName, "state.db");
        var options = new StorageOptions { KeepHistory = TimeSpan.Zero, CompactEvery = TimeSpan.FromMilliseconds(200), CompactionStep = 5000 };
        await using (var store = SqliteStore.Open(file, options, TimeProvider.System))
        {
            List<long> live = [];
            for (var round = 0; round < Rounds; round++)
            {
                var next = -1;
                await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(
                    async () =>
                    {
                        for (int i; (i = Interlocked.Increment(ref next)) < WritesInRound;)
                        {
                            var key = string.Create(CultureInfo.InvariantCulture, $"/core/configmaps/a/{i % Keys}");
                            await store.WriteAsync(new WriteRequest(key, new byte[ValueBytes], Precondition.Any), cancel);
                        }
                    },
                    cancel)));
                live.Add(GC.GetTotalMemory(forceFullCollection: true));
            }

            // In a short run other tests share the process.
            TestContext.Current.TestOutputHelper?.WriteLine($"{Rounds} times {WritesInRound} writes; alive after each: {string.Join(", ", live.Select(bytes => $"{bytes / 1024} KiB"))}");
            Assert.True(!IsSoak || live[^1] - live[0] < GrowthBytes, "memory grew with the writes");
            await store.CompactAsync(store.Current, cancel);
            Assert.Equal(Keys, (await store.ListAsync("", null, 0, null, cancel)).Entries.Count);
        }

        Assert.InRange(new FileInfo(file).Length, 1, 20L * Keys * ValueBytes);
        directory.Delete(recursive: true);
    }
}
